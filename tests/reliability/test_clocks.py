"""Clocks that an administrator, NTP or a test can set do not measure: the sources read none of them for a time span."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest_multicore

PACKAGE = Path(pytest_multicore.__file__).parent
SETTABLE = {"time.time", "time.time_ns", "time.ctime", "time.localtime", "time.gmtime", "time.strftime"}
SETTABLE |= {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.CLOCK_REALTIME"}
#: The date of a report.
DATES = {("reports/origin.py", "datetime.now")}


def settable_clocks(source: str) -> Iterator[tuple[str, bool]]:
    """The clocks that a module names, and whether it reads them there."""
    tree = ast.parse(source)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if f"{owner}.{node.attr}" in SETTABLE:
                yield f"{owner}.{node.attr}", id(node) in called
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from ((f"time.{one.name}", True) for one in node.names if f"time.{one.name}" in SETTABLE)


def test_no_time_span_is_read_from_a_clock_that_can_be_set() -> None:
    read, named = set[tuple[str, str]](), set[tuple[str, str]]()
    for file in PACKAGE.rglob("*.py"):
        for clock, is_read in settable_clocks(file.read_text(encoding="utf-8")):
            (read if is_read else named).add((file.relative_to(PACKAGE).as_posix(), clock))
    assert read == DATES
    # Python 2.7 has no other in its library; the agent asks the C library for one first, or measures nothing with it.
    assert {clock for _, clock in named} == {"time.time"}
    assert {file.partition("/agent/")[0] for file, _ in named} == {"interpreters"}


def test_the_search_finds_each_way_to_read_one() -> None:
    sources = ["import time\ntime.time()", "from time import time_ns", "import datetime\ndatetime.datetime.now()"]
    sources += ["from datetime import date\ndate.today()", "import time\nclock = getattr(time, 'x', time.time)"]
    assert [next(settable_clocks(source))[1] for source in sources] == [True, True, True, True, False]
