"""A pytest item as a workload: its setup and teardown once, its call as often as the parent asks.

    parent -> test       {"arguments": {"options": {}, "args": [...], "nodeid", "benchmark", "worker", "threads",
                          "typed_options": {}}, "path": [...]}
    child  -> collected  {}                       the item was found
    parent -> begin      {}
    child  -> begun      {"reports": [setup]}                    it is set up
           or ended      {"reports": [setup, teardown], ...}     it failed or was skipped: nothing to call
    parent -> attempt    {}
    child  -> ready      {"reports": [call], "benchmark", and done's figures of this call}
                                                                 it passed; rounds and facts may follow
           or ended      {"reports": [call, teardown], ...}      it did not: nothing to measure
    parent -> finish     {}                                      after ready only
    child  -> ended      {"reports": [teardown], "warnings": [{"message", "category", "filename", "lineno"}]}

Reports are pytest's own, as `pytest_report_to_serializable` writes them, with their text in "text". The first call runs
as pytest runs any call: its report, output and logs are reported. A round repeats the call without pytest's reporting:
see repeat_call.py. A session that ends early says why: see session_end.py. Messages with reports also hold the xfail
marks that were added meanwhile: see xfail_marks.py.
A test that uses pytest-benchmark's fixture is measured within its call of that: see benchmark_rounds.py. Between two
rounds it can be set up again: see repeat_setup.py.
Runs the pytest that is installed here, 5.4 or later; parses on 2.7 like the rest of the agent, but is not loaded there.
"""

import os
import sys

#: Plugins that act on a whole run or a whole item, as only the parent may. They are unregistered once they are set up,
#: so that their options, ini keys and markers stay known.
#: pytest-dependency judges by other tests, which the parent ran.
PARENT_PLUGINS = (
    "timeout",
    "rerunfailures",
    "lfplugin",
    "nfplugin",
    "stepwiseplugin",
    "junitxml",
    "_cov",
    "dependency",
)


def run(dialogue, message, load_sibling):
    """Run the session of one item; returns when it is over, its last message sent.

    Args:
        dialogue: see dialogue.Dialogue.
        message: the message of type test.
        load_sibling: returns a module of the agent.
    """
    _refuse_old_pytest()
    from _pytest.config import Config

    session_ends = load_sibling("marked_test/session_end")
    dialogue, session_end = session_ends.AnswerTracker(dialogue), session_ends.SessionEnd()
    arguments, benchmark = message["arguments"], None
    if arguments.get("benchmark") is not None:
        rounds, fixtures = load_sibling("marked_test/benchmark_rounds"), load_sibling("marked_test/benchmark_fixture")
        failures = load_sibling("dialogue/failures")
        benchmark = rounds.BenchmarkUse(dialogue, arguments["benchmark"], fixtures, failures)
    dialogue.step("collection")
    collected = load_sibling("marked_test/collected_items").plugin(arguments["nodeid"])
    plugin = ItemPlugin(dialogue, arguments["nodeid"], collected, benchmark, load_sibling)
    typed_options = load_sibling("marked_test/typed_options").values(arguments.get("typed_options", {}))
    config = Config.fromdictargs(dict(arguments["options"], **typed_options), [str(arg) for arg in arguments["args"]])
    if benchmark is not None:
        benchmark.replace_plugin(config.pluginmanager)
    if arguments.get("worker") is not None:
        fixtures = load_sibling("marked_test/xdist_fixtures").plugin(arguments["worker"])
        config.pluginmanager.register(fixtures, "multicore-xdist")
    thread_count = load_sibling("marked_test/thread_count").plugin(arguments["threads"])
    config.pluginmanager.register(thread_count, "multicore-thread-count")
    config.pluginmanager.register(collected, "multicore-collected-items")
    config.pluginmanager.register(plugin, "multicore-agent")
    config.pluginmanager.register(session_end, "multicore-ending")
    status = _status_of(config, plugin)
    if dialogue.answer_due:
        progress = "did" if plugin.started else "was collected"
        default_reason = "pytest ended with status %s before the test %s" % (status, progress)
        dialogue.send(session_end.message(plugin.lost, default_reason))


def _status_of(config, plugin):
    """Run the session; returns the status that it ends with."""
    from _pytest.config import UsageError

    try:
        return config.hook.pytest_cmdline_main(config=config)
    except UsageError:
        if not plugin.collect_errors:
            raise
        return 4  # "found no collectors", for a reason that is known


def _refuse_old_pytest():
    try:
        import pytest
    except ImportError as error:
        raise ImportError(
            "%s: pytest cannot be loaded by %s, which is to run the test. Install it there (%s -m pip install pytest), "
            "or declare an environment in pyproject.toml: it gets pytest" % (error, sys.executable, sys.executable)
        )
    if tuple(int(part) for part in pytest.__version__.split(".")[:2]) < (5, 4):
        raise ImportError("pytest %s is installed there; it must be 5.4 or later" % pytest.__version__)


def _hookimpl(**order):
    """pytest.hookimpl, where pytest is installed."""
    try:
        import pytest
    except ImportError:
        return lambda hook: hook
    return pytest.hookimpl(**order)


class ItemPlugin(object):
    """The plugin that runs one item as the parent's messages say."""

    def __init__(self, dialogue, nodeid, collected, benchmark, load_sibling):
        self._dialogue = dialogue
        self._nodeid = nodeid
        self._collected = collected
        self._benchmark = benchmark
        self._repeat_call = load_sibling("marked_test/repeat_call")
        self._xfail_marks = load_sibling("marked_test/xfail_marks")
        # Loaded now: a fixture may replace what they bind, like json.dumps.
        self._idle_wait = load_sibling("marked_test/idle_wait")
        self._plain_report = load_sibling("marked_test/plain_report")
        self._failures = load_sibling("dialogue/failures")
        self._load_sibling = load_sibling
        self.collect_errors = []
        self._final = {"reports": []}
        self._known_marks = []
        self._parts = []
        self._warnings = {}
        self.started = False

    @_hookimpl(trylast=True)
    def pytest_configure(self, config):
        """Unregister the parent's plugins, and silence the terminal reporter, which pytest cannot do without."""
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter._tw._file = open(os.devnull, "w")  # noqa: SIM115 - for as long as this process lives
        config.addinivalue_line("markers", "multicore: measured by pytest-multicore")
        if self._benchmark is not None:
            config.addinivalue_line("markers", "benchmark: pytest-benchmark's")
        for name in PARENT_PLUGINS:
            plugin = config.pluginmanager.get_plugin(name)
            if plugin is not None:
                config.pluginmanager.unregister(plugin)

    def pytest_collectreport(self, report):
        """Note why a file could not be collected."""
        if report.failed:
            self.collect_errors.append(str(report.longrepr))

    @_hookimpl(optionalhook=True)  # new in pytest 6
    def pytest_warning_recorded(self, warning_message, when, nodeid, location):
        """Note the test's warnings; one that every repetition raises counts once."""
        if when == "runtest":
            category = warning_message.category
            self._warnings[str(warning_message)] = {
                "message": str(warning_message.message),
                "category": [category.__module__, category.__name__],
                "filename": warning_message.filename,
                "lineno": warning_message.lineno,
            }

    @_hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):
        """What a fixture changes is told by its name."""
        before = self._dialogue.step("fixture %s" % fixturedef.argname)
        yield
        self._dialogue.step(before)

    def pytest_runtest_logreport(self, report):
        """Note the failures of subtests: pytest reports them separately, and lets the test pass."""
        if report.when == "call" and report.failed:
            self._parts.append(report)

    def pytest_runtestloop(self):
        """Run the item in place of all items."""
        items = self._collected.found
        self.started = True
        if len(items) != 1:
            self._dialogue.send(self.lost("%d tests of this name were collected there" % len(items)))
            return True
        self._dialogue.send({"type": "collected"})
        if self._dialogue.receive()["type"] == "begin":
            self._known_marks = self._xfail_marks.marks_of(items[0])
            items[0].config.hook.pytest_runtest_protocol(item=items[0], nextitem=None)
            self._dialogue.send(dict(self._final, type="ended", warnings=list(self._warnings.values())))
        return True

    @_hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item):
        """The item's phases. Called as a hook, for pytest's own work around a test: assertion details, warnings."""
        self._run(item)
        return True

    def lost(self, why):
        """The message for a test that is not found, or not run to its end."""
        sentence = "%s cannot be run in an isolated interpreter: %s" % (self._nodeid, why)
        text = "\n".join(self.collect_errors)
        kind = "workload" if self.started else "import"
        return {"type": "error", "kind": kind, "message": sentence, "exception": "", "traceback": text}

    def _run(self, item):
        from _pytest import runner

        self._dialogue.step("set-up")
        reports = [runner.call_and_report(item, "setup", log=False)]
        if reports[0].passed:
            reports = self._begin_call(item, runner, reports)
        reports.append(runner.call_and_report(item, "teardown", log=False, nextitem=None))
        self._final = self._with_reports(item, reports)

    def _begin_call(self, item, runner, reports, **fields):
        """Report the set-up, wait until its threads are idle, and run the call; returns as ``_call`` does."""
        idle_wait = self._idle_wait.IdleWait(self._load_sibling("dialogue/clocks"))
        self._dialogue.send(dict(self._with_reports(item, reports), type="begun", **fields))
        if self._dialogue.receive()["type"] != "attempt":
            return []
        idle_wait.wait()
        return self._call(item, runner)

    def _call(self, item, runner):
        """The first call and, when it passed, rounds; returns the reports that the parent does not have yet."""
        outcome = []
        self._dialogue.step("first call")
        figures = self._dialogue.clocked(lambda: outcome.append(self._first_call(item, runner)))
        report, passed = outcome[0]
        metadata, ended_by = None, None
        if self._benchmark is not None:
            metadata, ended_by = self._benchmark.metadata(report.outcome == "skipped"), self._benchmark.ended_by
            figures = self._benchmark.figures(figures)
        if ended_by == "conclude":
            self._dialogue.send(dict(self._with_reports(item, [report]), type="concluded", benchmark=metadata))
            self._dialogue.receive()
            return []
        if ended_by or not passed:
            return [report]
        self._dialogue.send(dict(figures, type="ready", benchmark=metadata, **self._with_reports(item, [report])))
        return self._repeat_setup(item, runner) if self._repeat(item) == "anew" else []

    def _repeat_setup(self, item, runner):
        """Set the item up again, and run its call as the first time; returns as ``_call`` does."""
        setup = self._load_sibling("marked_test/repeat_setup")
        reports = setup.set_up_again(item, runner)
        if not reports[-1].passed:
            return reports
        return self._begin_call(item, runner, reports, iterators=setup.iterators(item))

    def _first_call(self, item, runner):
        """The call's report, and whether its body passed: the parent judges whether a pass was expected."""
        from _pytest.outcomes import Exit
        from _pytest.reports import TestReport

        call = runner.CallInfo.from_call(
            lambda: item.ihook.pytest_runtest_call(item=item), when="call", reraise=(Exit, KeyboardInterrupt)
        )
        if call.excinfo is None and not getattr(item, "_excinfo", None):
            judged = item.ihook.pytest_runtest_makereport(item=item, call=call)  # a project's hook may keep it, too
            if self._parts:
                return self._with_parts(TestReport.from_item_and_call(item, call)), False
            if not judged.passed and not self._xfail_marks.is_unexpected_pass(judged):
                return judged, False
            return TestReport.from_item_and_call(item, call), True
        return item.ihook.pytest_runtest_makereport(item=item, call=call), False

    def _with_parts(self, report):
        """The report of a call that passed, and whose subtests failed."""
        texts = [self._repeat_call.describe_count(self._parts)] + self._repeat_call.describe(self._parts)
        report.outcome, report.longrepr = "failed", "\n\n".join(texts)
        return report

    def _repeat(self, item):
        """Answer until a message comes that ends the rounds; returns its type."""
        self._dialogue.step("rounds")
        with self._repeat_call.surroundings(item) as handler:
            region = self._repeat_call.region(item, self._parts, handler, self._benchmark)
            self._dialogue.measure(self._nodeid, region)
            while True:
                message = self._dialogue.receive()
                if message["type"] in ("finish", "close", "anew"):
                    return message["type"]
                self._dialogue.send(self._dialogue.answer(message))

    def _with_reports(self, item, reports):
        hook, entries = item.config.hook, []
        for report in reports:
            serializable = hook.pytest_report_to_serializable(config=item.config, report=report)
            plain = self._plain_report.plain(serializable, self._failures)
            entries.append(dict(plain, text=self._plain_report.text_of(report, self._failures.shortened)))
        xfails = self._xfail_marks.added_marks(item, self._known_marks, self._failures.text)
        return {"reports": entries, "xfails": xfails}


if sys.version_info < (3, 6):
    raise ImportError("a test can be measured on Python 3.6 or later")
