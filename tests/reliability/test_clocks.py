"""Clocks that an administrator, NTP or a test can set do not measure: the sources read none of them for a time span."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_multicore
from tests.fixture_types import Run

PACKAGE = Path(pytest_multicore.__file__).parent
SETTABLE = {"time.time", "time.time_ns", "time.ctime", "time.localtime", "time.gmtime", "time.strftime"}
SETTABLE |= {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.CLOCK_REALTIME"}
#: The date of a report.
DATES = {("reports/origin.py", "datetime.now")}
#: What a test can replace or stop in pytest's own process, where settings/clocks.py holds it.
REPLACEABLE = {"monotonic", "perf_counter", "process_time", "thread_time", "sleep", "clock_gettime"}
#: What runs by path, in processes of its own.
BY_PATH = {"interpreters/guard.py", "environments/scratch_keeper.py", "measurement/control_program.py"}


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


def replaceable_clocks(source: str) -> set[str]:
    """The functions of ``time`` that a module looks up when it calls them, or binds late or where freezegun looks."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "time":
            found.add(node.attr)
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            found |= {one.name for one in node.names}
    return {name for name in found if name.removesuffix("_ns") in REPLACEABLE}


def test_pytests_own_process_reads_clocks_that_no_test_can_replace() -> None:
    files = {file.relative_to(PACKAGE).as_posix(): file for file in PACKAGE.rglob("*.py")}
    reading = {name for name, file in files.items() if replaceable_clocks(file.read_text(encoding="utf-8"))}
    assert reading > BY_PATH, "the search finds nothing at all"
    assert {name for name in reading if "/agent/" not in name} - BY_PATH == {"settings/clocks.py"}
    assert replaceable_clocks("from time import perf_counter_ns\nimport time\ntime.sleep(1)") == {
        "perf_counter_ns",
        "sleep",
    }


FREEZES = """
import freezegun, pytest
@pytest.fixture(autouse=True, scope="session")
def frozen():
    with freezegun.freeze_time("2020-01-01"): yield
"""
REPLACES = """
import pytest, time
@pytest.fixture(autouse=True, scope="session")
def replaced():
    with pytest.MonkeyPatch.context() as patches:
        for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
            patches.setattr(time, name, lambda: 0.0)
        for name in ("sleep", "clock_gettime"):
            patches.setattr(time, name, lambda _: 0.0)
        yield
"""


@pytest.mark.parametrize("conftest", [FREEZES, REPLACES], ids=["freezegun", "replaced"])
def test_a_session_fixture_that_stops_the_clocks_stops_no_measurement(run: Run, conftest: str) -> None:
    """A plain test before the measured one has the fixture set up in pytest's own process."""
    if conftest is FREEZES:
        pytest.importorskip("freezegun")
    source = "def test_0(): pass\n@pytest.mark.multicore(min_cores=0.02, threads=1)\ndef test_1(): work()\n"
    run(source, "--multicore-budget=5", conftest=conftest).assert_outcomes(passed=2)
