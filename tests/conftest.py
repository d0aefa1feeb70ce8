import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import numpy  # noqa: F401 - pytester's sessions in this process forget what they load first: it loads but once
import platformdirs
import pytest
from _pytest.runner import runtestprotocol

from tests.fixture_types import Decided, Run, Undecided

pytest_plugins = ["pytester"]

#: How a skip begins that leaves a test of real cores undecided, since the machine gave no answer.
UNDECIDED = "undecided: "
#: Of such tests, at most so many may be undecided: a green run means that something was tested.
MOST_UNDECIDED = 0.03
#: How often such a test is tried, and the property of its reports that says how often it was.
MOST_TRIES, TRIES = 3, "tries on real cores"

#: What needs nothing but its imports, and the agent's dialogue on the Python that runs the tests: ``-m quick``.
TESTS = Path(__file__).parent
PURE = {
    *("diagnosis", "docs", "experiment", "history", "measurement", "platforms", "reports", "verdicts"),
    *("test_house.py", "test_names.py", "test_settings.py", "test_wrong_values.py"),
}
#: What runs beside other plugins of pytest, or without ours.
BESIDE_OTHERS = {"benchmark", "test_other_plugins.py", "test_options_and_markers.py"}
LONG = {
    "test_simulated_bases.py",
    "test_simulated_hosts.py",
    "test_recorded_hosts.py",
    "test_error_rates.py",
    "test_first_gate.py",
    "test_github.py",
    "test_asv.py",
    "test_exports_in_ci.py",
    "test_html_in_browser.py",
    "test_history.py",
    "test_history_file.py",
    "test_change_points.py",
}

SERIAL = "sum(i * i for i in range(20000))"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that runs the tests in its background has all of their processes ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Where nobody may write bytecode each of the hundreds of sessions that tests start compiles the package: 0.6 s.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The docs' commands are those of an activated environment, which this one need not be.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

# The sessions that tests start are no workers of pytest-xdist, where this one is; nor have they a terminal's width, nor
# the long summary that pytest writes in CI: what a test reads must not depend on where it runs.
for variable in (
    *("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"),
    *("COLUMNS", "CI", "BUILD_NUMBER"),
):
    os.environ.pop(variable, None)

# pytester gives each test a home folder of its own: without this every test would build Theano's environment anew.
os.environ.setdefault("PYTEST_MULTICORE_CACHE", str(platformdirs.user_cache_path("pytest-multicore")))


class UndecidedTests:
    """Counts the tests of real cores, and those that no try decided; too many fail the run.

    What a worker of pytest-xdist finds travels with its reports.
    """

    def __init__(self) -> None:
        self.ran: set[str] = set()
        self.again: set[str] = set()
        self.undecided: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Ask the machine again where it gave no answer."""
        if "undecided" not in getattr(item, "fixturenames", ()):
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        tries = 1
        while tries < MOST_TRIES and any(map(is_undecided, reports)):
            tries += 1
            item._initrequest()  # type: ignore[attr-defined]  # new fixtures, as for a test that was not run yet
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
        for report in reports:
            report.user_properties.append((TRIES, tries))
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        tries = dict(report.user_properties).get(TRIES)
        if isinstance(tries, int):
            self.ran.add(report.nodeid)
            self.again |= {report.nodeid} if tries > 1 else set()
            self.undecided |= {report.nodeid} if is_undecided(report) else set()

    @property
    def too_many(self) -> bool:
        """Whether more were undecided than may be; of a few tests, one."""
        return len(self.undecided) > max(1, MOST_UNDECIDED * len(self.ran))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.too_many and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.ran:
            told = f"undecided: {len(self.undecided)} of {len(self.ran)} tests of real cores"
            again = f" ({len(self.again)} at the first try)"
            verdict = f", more than {MOST_UNDECIDED:.0%}: this run has tested too little" if self.too_many else ""
            terminalreporter.write_line(told + again + verdict)


def is_undecided(report: pytest.TestReport) -> bool:
    """Whether a test was skipped since the machine gave no answer."""
    return report.skipped and isinstance(report.longrepr, tuple) and UNDECIDED in report.longrepr[2]


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Two lanes, where measured processes come first: while one lane measures, the other starts its next session.

    Elsewhere a second lane would be a neighbour that no measurement is rid of. ``-n 0`` runs all in one process.
    """
    may_come_first = hasattr(os, "geteuid") and os.geteuid() == 0
    chosen = getattr(config.option, "numprocesses", 0) is not None  # or there is no pytest-xdist
    if may_come_first and not (chosen or config.option.usepdb or hasattr(config, "workerinput")):
        config.option.numprocesses = 2
        config.option.dist = "worksteal"


def pytest_configure(config: pytest.Config) -> None:
    """Count in each run of this suite."""
    config.pluginmanager.register(UndecidedTests(), "undecided-tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is quick."""
    for item in items:
        if is_quick(item):
            item.add_marker(pytest.mark.quick)


def is_quick(item: pytest.Item) -> bool:
    """Whether a test takes a moment: one that measures says so of itself."""
    folder, name = item.path.relative_to(TESTS).parts[0], item.path.name
    of_real_cores = "undecided" in getattr(item, "fixturenames", ())
    if of_real_cores or item.get_closest_marker("slow") or item.get_closest_marker("exhaustive"):
        return False
    if folder == "interpreters":
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        return name.startswith("test_agent") and parameters.get("python") == sys.executable
    return folder in PURE and name not in LONG


@pytest.fixture
def undecided() -> Undecided:
    """Skips a test to whose question the machine gave no answer. Who asks for this is a test of real cores."""

    def skip(reason: str) -> NoReturn:
        pytest.skip(f"{UNDECIDED}{reason}")

    return skip


@pytest.fixture
def two_cores() -> None:
    """Skip where there are none."""
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("the programs need Linux and two cores")


@pytest.fixture
def decided(undecided: Undecided) -> Decided:
    """Gives a session back that has a verdict on each of its tests; else the machine gave no answer."""

    def decided(session: pytest.RunResult) -> pytest.RunResult:
        if "inconclusive" in session.stdout.str():
            undecided("others use this machine")
        return session

    return decided


@pytest.fixture(autouse=True)
def not_within_a_measuring_session() -> Iterator[None]:
    """Sessions that tests start take turns of their own; an inner one in this very process must not say otherwise."""
    os.environ.pop("PYTEST_MULTICORE_HOLDER", None)
    yield
    os.environ.pop("PYTEST_MULTICORE_HOLDER", None)


@pytest.fixture(autouse=True)
def brief_sessions(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding out why takes seconds, and so does waiting whether a miss lasts: tests of that ask for it."""
    if "pytester" in request.fixturenames:
        request.getfixturevalue("pytester")  # it discards an outer pytest's options, and must not discard these
    # In the real-time class, where that is permitted, a crowded machine leaves fewer questions open.
    options = ["--multicore-priority=realtime"]
    if not request.node.get_closest_marker("settled"):
        options.append("--multicore-settle=1")
    if not request.node.get_closest_marker("explained"):
        options.append("--multicore-explain=never")
    if not needs_other_plugins(request.node):
        # All that are installed took 0.35 s of each session, and as much of each interpreter that it measures in.
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        options.append("-p multicore")
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(options))


def needs_other_plugins(node: pytest.Item) -> bool:
    """Whether the sessions that a test starts load all plugins that are installed."""
    folder = node.path.relative_to(TESTS).parts[0]
    return folder in BESIDE_OTHERS or node.get_closest_marker("other_plugins") is not None


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Run one test module; a serial test meets the marker ``gated`` in it and misses the marker ``missed``."""

    def run(source: str, *options: str, **files: str) -> pytest.RunResult:
        head = (
            "import pytest\n"
            "gated = pytest.mark.multicore(min_cores=0.5, threads=1)\n"
            "missed = pytest.mark.multicore(min_cores=1.5)\n"
            f"def work(): return {SERIAL}\n"
        )
        pytester.makepyfile(test_it=head + source, **files)
        return pytester.runpytest_subprocess("-p", "no:randomly", *options)

    return run
