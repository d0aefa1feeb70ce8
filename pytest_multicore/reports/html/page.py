"""The page: all results of a report in one HTML file, with style and drawings within it and no script."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.atomic_file import write_whole
from pytest_multicore.reports.cut_short import cut_short_in_words
from pytest_multicore.reports.json_report import SCHEMA
from pytest_multicore.reports.visible import visible
from pytest_multicore.reports.words import estimate

from .chart_data import Record
from .drawing import own_settings
from .views import URGENCY, Fact, ResultView, result_view

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).with_name("templates")
#: Every file begins with it, so that an earlier report is told from a page of somebody else's.
FIRST_LINE = "<!doctype html><!-- pytest-multicore -->"
#: Behind these a test's name may go on in the next line.
BREAKS = re.compile(r"(?<=::)|(?<=[/_\[-])")


@dataclass(frozen=True, slots=True)
class HostView:
    """One machine with what was measured there; ``name`` is empty where there is but one."""

    name: str
    facts: Sequence[Fact]
    results: Sequence[ResultView]


def html_report(report: Mapping[str, Any]) -> str:
    """The page for a report of this run, of a file, or of several machines.

    Args:
        report: as ``--multicore-json`` writes it (results.schema.json).

    Raises:
        UsageError: it is no such report; names the entry that is wrong.
    """
    if not isinstance(report, Mapping) or report.get("schema") != SCHEMA:
        raise UsageError(f"expected a report of schema {SCHEMA}, as --multicore-json writes it")
    with own_settings(), _malformed("the report"):
        hosts = list(_hosts(report))
    template = _environment().get_template("page.html")
    results = [result for host in hosts for result in host.results]
    counts = Counter(result.record["outcome"] for result in results)
    with _malformed("the report"):
        return template.render(
            first_line=FIRST_LINE,
            hosts=hosts,
            counts=[(outcome, counts[outcome]) for outcome in URGENCY if counts[outcome]],
            run=list(_run_facts(report)),
            lost=report.get("lost_hosts") or (),
            cut_short=cut_short_in_words(report["cut_short"]) if report.get("cut_short") else "",
        )


def write_html(file: Path, report: Mapping[str, Any]) -> None:
    """Write the page beside the file, then put it in the file's place: a reader never sees half of it.

    Raises:
        OSError: the file cannot be written.
        UsageError: as ``html_report``.
    """
    write_whole(file, [html_report(report)])


def _hosts(report: Mapping[str, Any]) -> Iterator[HostView]:
    """Each machine with its results; a report of several machines names the host of each result."""
    numbers, charts = itertools.count(1), itertools.count(1)
    machines = {machine["host"]: machine for machine in report.get("machines", ())}
    sessions = {host: part.get("session") or {} for part in report.get("merged_from", ()) for host in part["hosts"]}
    records = {host: [] for host in machines} if machines else {None: list(report["results"])}
    for record in report["results"] if machines else ():
        records.setdefault(record.get("host"), []).append(record)
    for host, of_host in records.items():
        machine = machines.get(host) if machines else report["machine"]
        views = [_view(record, next(numbers), charts) for record in of_host]
        name = str(host or "the machine that ran pytest") if machines else ""
        facts = [] if machine is None else [*_machine_facts(machine), *_run_facts(sessions.get(host, {}))]
        yield HostView(name, facts, sorted(views, key=_urgency))


def _view(record: Record, number: int, charts: Iterator[int]) -> ResultView:
    with _malformed(f"entry {number} of the results"):
        return result_view(record, number, charts)


@contextmanager
def _malformed(what: str) -> Iterator[None]:
    """Say which part of a report is not as it should be."""
    try:
        yield
    except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{what} does not hold what schema {SCHEMA} says ({type(error).__name__}: {error}); "
            "expected a report as --multicore-json writes it"
        ) from error


def _urgency(result: ResultView) -> int:
    outcome = result.record["outcome"]
    return URGENCY.index(outcome) if outcome in URGENCY else len(URGENCY)


def _machine_facts(machine: Mapping[str, Any]) -> Iterator[Fact]:
    yield "processor", machine["cpu"]
    yield "system", machine["os"]
    yield "cores online", str(machine["cores_online"])
    yield "cores granted", f"{machine['cores_granted']:g}"
    if machine.get("cores_real"):
        yield "real cores", str(machine["cores_real"])
    if machine["quota"] is not None:
        yield "quota", f"{machine['quota']:g} cores"
    yield "cores attained", estimate(machine["cores_attainable"])


def _run_facts(report: Mapping[str, Any]) -> Iterator[Fact]:
    """When and of what the report is, as far as it says: older files do not."""
    if report.get("date"):
        yield "date", report["date"]
    if report.get("commit"):
        changed = " and changes" if report.get("clean") is False else ""
        yield "commit", f"{report['commit']}{changed}"
    if report.get("version"):
        yield "pytest-multicore", report["version"]


def _environment() -> jinja2.Environment:
    """Everything that a template shows is escaped, and made visible before."""
    import jinja2
    from markupsafe import Markup, escape

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) or not isinstance(value, str) else visible(value),
    )
    environment.filters["drawing"] = Markup
    # What is between the breaks is escaped.
    environment.filters["breakable"] = lambda name: Markup("<wbr>").join(map(escape, BREAKS.split(visible(name))))
    return environment
