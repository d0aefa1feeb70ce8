"""What the page's template shows of a measurement: texts and charts, nothing left to compute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_multicore.diagnosis.evidence_record import blas_call_lines
from pytest_multicore.reports.scaling import series_line
from pytest_multicore.reports.words import estimate, figure, limit_figure, loss, seconds, side, speedup, threads

from .chart_data import Chart, ChartData, Record
from .closing_chart import closing_charts
from .rounds_charts import cores_chart, gains_chart, times_chart
from .scaling_chart import scaling_chart
from .split_bar import Bar, split_bar
from .threads_chart import threads_chart

#: Outcomes in the order in which they ask for a look.
URGENCY = ("failed", "error", "inconclusive", "passed", "measured")
#: Fields that came later, and are not required by the schema.
MISSING_IN_OLDER_FILES: Record = {"attained_speedup": None, "cores_split": None, "pop": None, "against": None}

#: A heading and its text.
Fact = tuple[str, str]


@dataclass(frozen=True, slots=True)
class VerdictView:
    """One limit: its text, what was measured, what it may come to on cores of its own, and what follows."""

    limit: str
    measured: str
    allowed: str
    outcome: str
    why_open: str


@dataclass(frozen=True, slots=True)
class ResultView:
    """One measurement.

    Attributes:
        anchor: its id within the page.
        record: as the report has it, for the texts that are shown as they are.
        row: the figures in the table of verdicts, by heading.
        limits: the limits there.
        verdicts: one for each limit.
        facts: what was measured, in figures.
        against: what became of it against a base; empty without one.
        lines: what the evidence says in words.
        charts: the drawings.
        bar: where the cores went; None where that is not known.
        around: libraries and variables.
    """

    anchor: str
    record: Record
    row: Mapping[str, str]
    limits: Sequence[str]
    verdicts: Sequence[VerdictView]
    facts: Sequence[Fact]
    against: Sequence[Fact]
    lines: Sequence[str]
    charts: Sequence[Chart]
    bar: Bar | None
    around: Sequence[Fact]


def result_view(record: Record, number: int, charts: Iterator[int]) -> ResultView:
    """A measurement as the page shows it.

    Args:
        record: one of the report's ``results``.
        number: of the measurement within the page.
        charts: numbers for its charts, so that nothing in one has the id of something in another.
    """
    record = {**MISSING_IN_OLDER_FILES, "measured_speedup": record["speedup"], **record}
    measured = ChartData(record)
    return ResultView(
        anchor=f"result-{number}",
        record=record,
        row=_row(record),
        limits=[f"{one['quantity']}={one['limit']:g}" for one in record["verdicts"]],
        verdicts=[_verdict(verdict) for verdict in record["verdicts"]],
        facts=list(_facts(record)),
        against=list(_against_facts(record)),
        lines=list(_lines(record)),
        charts=list(_charts(measured, charts)),
        bar=split_bar(measured),
        around=list(_around(record)),
    )


def _charts(measured: ChartData, numbers: Iterator[int]) -> Iterator[Chart]:
    """All charts, those that decide first."""
    if not measured.rows:
        return
    yield from closing_charts(measured, numbers)
    for draw in (gains_chart, times_chart, cores_chart, scaling_chart, threads_chart):
        if chart := draw(measured, next(numbers)):
            yield chart


def _row(record: Record) -> dict[str, str]:
    return {
        "threads": threads(record),
        "busy": estimate(record["cores"]),
        "useful": estimate(record["useful_cores"]),
        "speed-up": speedup(record, "×"),
        "attained": estimate(record["attained_speedup"], "×"),
    }


def _verdict(verdict: Mapping[str, Any]) -> VerdictView:
    told, allowed = (limit_figure(verdict, field, "×") for field in ("measured", "interval"))
    return VerdictView(
        limit=f"{verdict['quantity']}={verdict['limit']:g}",
        measured=told,
        allowed="the same" if verdict["interval"] == (verdict.get("measured") or verdict["interval"]) else allowed,
        outcome=verdict["outcome"],
        why_open=(verdict.get("open_reason") or "").replace("-", " "),
    )


def _facts(record: Record) -> Iterator[Fact]:
    yield "cores busy", figure(record["cores"])
    if record["demand"]:
        yield "cores demanded", figure(record["demand"])
    if record["useful_cores"] is not None:
        yield "cores useful", estimate(record["useful_cores"])
    if record["measured_speedup"]:
        yield "speed-up, measured", figure(record["measured_speedup"], "×")
        yield "speed-up, on cores of its own", figure(record["speedup"], "×")
    if record["attained_speedup"]:
        yield "attained by a compute loop", figure(record["attained_speedup"], "×")
    if record["efficiency"]:
        yield "efficiency", figure(record["efficiency"])
    if record["cpu_inflation"]:
        yield "CPU time against the baseline", figure(record["cpu_inflation"], "×")
    if record["wall_s"]:
        against = f", {seconds(record['baseline_wall_s'])} at the baseline" if record["baseline_wall_s"] else ""
        yield "time of a repetition", seconds(record["wall_s"]) + against
    yield from ((name.replace("_", " "), figure(value)) for name, value in (record["pop"] or {}).items())
    counted = sum(taken["counted"] for taken in record["rounds"])
    yield "rounds", f"{len(record['rounds'])}, {counted} undisturbed, in {record['duration_s']:.1f} s with set-up"
    yield "confidence of a bound", f"{record['confidence']:g}"


def _times_as_long(slowdown: Mapping[str, Any]) -> str:
    """How long it takes, as a ratio to the base: ``1.53x [1.50, 1.57]`` for a slowdown of 0.53."""
    return figure({end: None if value is None else 1 + value for end, value in slowdown.items()}, "×")


def _against_facts(record: Record) -> Iterator[Fact]:
    """What became of a program against its base, in the terminal's words."""
    against = record["against"]
    if against is None:
        return
    yield "base", against["base"]
    yield "change", against["change"]
    yield "speed-up of the base", figure(against["base_speedup"], "×")
    word, share = loss(against["measured_loss"])
    yield f"{word} by threading", share
    yield f"time of {side(record['threads'], record)}", _times_as_long(against["slowdown_at_threads"])
    yield f"time of {side(record['baseline'], record)}", _times_as_long(against["measured_slowdown"])
    if against["differences"]:
        yield "what differs", ", ".join(against["differences"])


def _lines(record: Record) -> Iterator[str]:
    if line := series_line(record):
        yield line
    evidence = record.get("evidence")
    if evidence:
        yield from blas_call_lines(evidence)
        yield from (evidence.get("profile") or {}).get("told", ())


def _around(record: Record) -> Iterator[Fact]:
    for library in record["libraries"]:
        version = f" {library['version']}" if library.get("version") else ""
        pool = "" if library.get("threads") is None else f", {library['threads']} threads"
        yield f"{library['kind']}{version}{pool}", library["path"]
    yield from ((name, version or "-") for name, version in record["frameworks"].items())
    yield from record["variables"].items()
