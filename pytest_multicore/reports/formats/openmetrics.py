"""OpenMetrics text, which GitLab shows in a merge request (``artifacts:reports:metrics``).

The format: the OpenMetrics specification, 1.0. GitLab's own reader takes a line apart as a shell does and drops all
after a ``#``, within quotes too (gitlab, ee/lib/gitlab/ci/parsers/metrics/generic.rb); so a label's ``#`` is ``%23``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from pytest_multicore.reports.escape import plain
from pytest_multicore.reports.words import varies_cores

from .results import Record, Report, bounds, figure_of, thread_count

PREFIX = "pytest_multicore_"
#: Name of a metric, its unit, the report's field, and what it is.
GAUGES = (
    ("speedup", "", "measured_speedup", "Wall time at the baseline's threads / wall time at these threads."),
    ("attained_speedup", "", "attained_speedup", "Speed-up that the machine gave a loop which shares nothing."),
    ("efficiency", "", "efficiency", "Speed-up / attained speed-up."),
    ("busy_cores", "", "cores", "CPU seconds per wall second."),
    ("useful_cores", "", "useful_cores", "Speed-up x cores busy at the baseline."),
    ("cpu_inflation", "", "cpu_inflation", "CPU time at these threads / CPU time at the baseline's."),
    ("loss", "", "against.measured_loss", "Share of the base's speed-up that was lost by threading."),
    ("slowdown", "", "against.measured_slowdown", "Wall time at the baseline's threads / that of the base, less 1."),
    ("wall_seconds", "seconds", "wall_s", "Wall time of one repetition."),
)
OUTCOMES = ("passed", "measured", "failed", "inconclusive", "error")


def openmetrics(report: Report) -> str:
    """A gauge for each figure, with its interval's ends, and the outcomes as a set of states."""
    labelled = list(_labelled(report["results"]))
    lines = [line for gauge in GAUGES for line in _gauge(gauge, labelled)]
    return "\n".join([*lines, *_outcomes(labelled), "# EOF"]) + "\n"


def _gauge(gauge: tuple[str, str, str, str], labelled: Sequence[tuple[str, Record]]) -> Iterator[str]:
    name, unit, field, meaning = gauge
    samples = [
        f'{PREFIX}{name}{{{labels},bound="{bound}"}} {value:.6g}'
        for labels, record in labelled
        if (figure := bounds(figure_of(record, field)))
        for bound, value in zip(("low", "estimate", "high"), figure, strict=True)
        if value is not None
    ]
    if samples:
        yield f"# TYPE {PREFIX}{name} gauge"
        if unit:
            yield f"# UNIT {PREFIX}{name} {unit}"
        yield f"# HELP {PREFIX}{name} {meaning}"
        yield from samples


def _outcomes(labelled: Sequence[tuple[str, Record]]) -> Iterator[str]:
    name = f"{PREFIX}outcome"
    if labelled:
        yield f"# TYPE {name} stateset"
        yield f"# HELP {name} What the limits came to."
    for labels, record in labelled:
        if record["outcome"] not in OUTCOMES:
            raise ValueError(f"outcome: found {record['outcome']!r}, expected {', '.join(OUTCOMES)}")
        for outcome in OUTCOMES:
            yield f'{name}{{{labels},{name}="{outcome}"}} {int(record["outcome"] == outcome)}'


def _labelled(records: Sequence[Record]) -> Iterator[tuple[str, Record]]:
    """Each result with its labels; what a test measures again is told apart by a number."""
    used: Counter[str] = Counter()
    for record in records:
        values = {
            "nodeid": record["nodeid"],
            "workload": record["workload"],
            "environment": record["environment"],
            "cores" if varies_cores(record) else "threads": thread_count(record),
            **({"host": host} if (host := record.get("host")) else {}),
        }
        labels = ",".join(f'{name}="{_label(value)}"' for name, value in values.items())
        used[labels] += 1
        yield (labels if used[labels] == 1 else f'{labels},number="{used[labels]}"'), record


def _label(value: object) -> str:
    return plain(value).replace("#", "%23").replace("\\", "\\\\").replace('"', '\\"')
