"""A scaling series in words: its times, the law that they follow, and what it predicts for more threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .words import figure, seconds, varies_cores

#: A part of a record.
Part = Mapping[str, Any]


def series_line(record: Part) -> str | None:
    """The series in one line; None where no series was measured."""
    if record["scaling"] is None:
        return None
    law, unit = record["scaling_law"], "core" if varies_cores(record) else "thread"
    return "; ".join([_times(record["scaling"], unit), *(_law(law, f"{unit}s") if law else ())])


def _times(counts: Sequence[Part], unit: str) -> str:
    first, *others = counts
    unit = unit if first["threads"] == 1 else f"{unit}s"
    times = [f"{seconds(other['wall_s'])} at {other['threads']}" for other in others]
    return ", ".join([f"{seconds(first['wall_s'])} at {first['threads']} {unit}", *times])


def _law(law: Part, unit: str) -> Iterator[str]:
    reach = f"{law['threads'][0]} to {law['threads'][-1]} {unit}"
    if law["model"] == "amdahl":
        doubt = "" if law["tested"] else "; untested with so few counts"
        yield f"serial fraction {figure(law['serial_fraction'])} (Amdahl, {reach}{doubt})"
    elif law["model"] == "usl":
        yield f"{law['reason']}: not Amdahl's law"
        yield (
            f"serial fraction {figure(law['serial_fraction'])}, coherence {_small(law['coherence'])} "
            f"(Universal Scalability Law, {reach})"
        )
    else:
        yield f"no one serial fraction (Amdahl, {reach}): {law['reason']}"
    if law["superlinear"]:
        yield f"faster at {_in_words(law['superlinear'])} {unit} than so many cores can be"
    if law["peak_threads"]:
        yield f"fastest at {figure(law['peak_threads'])} {unit}"
    for prediction in law["predictions"]:
        where = " on as many cores" if prediction["extrapolated"] and unit == "threads" else ""
        yield f"at {prediction['threads']} {unit}{where} {figure(prediction['speedup'], 'x')}"
    if law["left_out"]:
        yield f"{_in_words(law['left_out'])} threads are more than the cores granted and say nothing of it"


def _small(interval: Part) -> str:
    """Coherence is a small number: figures of two digits, not two decimals."""
    low, estimate, high = (interval[name] for name in ("low", "estimate", "high"))
    return f"{estimate:.2g} [{low:.2g}, {'?' if high is None else f'{high:.2g}'}]"


def _in_words(counts: Sequence[int]) -> str:
    return " and ".join(map(str, counts))
