"""A pytest item as a workload: its setup and teardown once, its call as often as the parent asks.

    parent -> test       {"arguments": {"options": {}, "args": [...], "nodeid", "benchmark", "worker"}, "path": [...]}
    child  -> collected  {}                       the item was found again
    parent -> begin      {}
    child  -> begun      {"reports": [setup]}                    it is set up
           or ended      {"reports": [setup, teardown], ...}     it failed or was skipped: nothing to call
    parent -> attempt    {}
    child  -> ready      {"reports": [call], "benchmark", and done's figures of this call}
                                                                 it passed; rounds and facts may follow
           or ended      {"reports": [call, teardown], ...}      it did not: nothing to measure
    parent -> finish     {}                                      after ready only
    child  -> ended      {"reports": [teardown], "warnings": [{"message", "category", "filename", "lineno"}]}

Reports are pytest's own, as `pytest_report_to_serializable` writes them, with what they say in "text". The first call
runs as pytest runs any: its report, output and logs are the ones that count. A round then repeats the call without
pytest's reporting around it: see repeated_call.py. A session that ends early says why: see session_end.py. Messages
with reports also tell of marks that were added meanwhile: see added_marks.py.
A test that uses pytest-benchmark's fixture is measured within its call of that: see benchmark_rounds.py. Between two
rounds it can be set up anew: see set_up_anew.py.
Runs pytest as it is installed here, 5.4 or later; parses on 2.7 as the rest of the agent, but is never loaded there.
"""

import json
import os
import sys

#: Plugins that act on a whole run or a whole item, which is the parent's business: unregistered once they are set up,
#: so that their options, ini keys and markers stay known.
NOT_HERE = ("timeout", "rerunfailures", "lfplugin", "nfplugin", "stepwiseplugin", "junitxml", "_cov", "randomly")


def run(dialogue, message, load_sibling):
    """Run the session of one item; returns when it is over, its last message sent.

    Args:
        dialogue: send(message), receive() for the next decoded message, answer(message) for what the runner answers,
            measure(target, region) to say what a round repeats, clocked(work) for the figures of one call of it.
        message: of type test.
        load_sibling: gives a module of this folder.
    """
    from _pytest.config import Config

    _refuse_old_pytest()
    endings = load_sibling("marked_test/session_end")
    dialogue, ending = endings.Owing(dialogue), endings.Ending()
    asked, benchmarked = message["arguments"], None
    if asked.get("benchmark") is not None:
        rounds, fixtures = load_sibling("marked_test/benchmark_rounds"), load_sibling("marked_test/benchmark_fixture")
        benchmarked = rounds.Benchmarked(dialogue, asked["benchmark"], fixtures)
    one = OneTest(dialogue, asked["nodeid"], benchmarked, load_sibling)
    config = Config.fromdictargs(asked["options"], [str(arg) for arg in asked["args"]])
    if benchmarked is not None:
        benchmarked.replace_plugin(config.pluginmanager)
    if asked.get("worker") is not None:
        fixtures = load_sibling("marked_test/xdist_fixtures").plugin(asked["worker"])
        config.pluginmanager.register(fixtures, "multicore-xdist")
    config.pluginmanager.register(one, "multicore-agent")
    config.pluginmanager.register(ending, "multicore-ending")
    status = _status_of(config, one)
    if dialogue.owed:
        before = "did" if one.told else "was collected"
        otherwise = "pytest ended with status %s before the test %s" % (status, before)
        dialogue.send(ending.message(one.lost, otherwise))


def _status_of(config, one):
    """Run the session; returns the status that it ends with."""
    from _pytest.config import UsageError

    try:
        return config.hook.pytest_cmdline_main(config=config)
    except UsageError:
        if not one.uncollected:
            raise
        return 4  # "found no collectors", for a reason that is known


def _refuse_old_pytest():
    import pytest

    if tuple(int(part) for part in pytest.__version__.split(".")[:2]) < (5, 4):
        raise ImportError("pytest %s is installed there; it must be 5.4 or later" % pytest.__version__)


def _in_order(**order):
    """Say when a hook is called among others: pytest.hookimpl, where there is a pytest."""
    try:
        import pytest
    except ImportError:
        return lambda hook: hook
    return pytest.hookimpl(**order)


class OneTest(object):
    """The plugin that runs one item by the parent's word."""

    def __init__(self, dialogue, nodeid, benchmarked, load_sibling):
        self._dialogue = dialogue
        self._nodeid = nodeid
        self._benchmarked = benchmarked
        self._repeated_call = load_sibling("marked_test/repeated_call")
        self._added_marks = load_sibling("marked_test/added_marks")
        self._load_sibling = load_sibling
        self.uncollected = []
        self._left = {"reports": []}
        self._known_marks = []
        self._parts = []
        self._warnings = {}
        self.told = False

    @_in_order(trylast=True)
    def pytest_configure(self, config):
        """Take out what acts on whole runs and items, and silence the terminal, which pytest takes for given."""
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter._tw._file = open(os.devnull, "w")  # noqa: SIM115 - for as long as this process lives
        config.addinivalue_line("markers", "multicore: measured by pytest-multicore")
        if self._benchmarked is not None:
            config.addinivalue_line("markers", "benchmark: pytest-benchmark's")
        for name in NOT_HERE:
            plugin = config.pluginmanager.get_plugin(name)
            if plugin is not None:
                config.pluginmanager.unregister(plugin)

    def pytest_collectreport(self, report):
        """Keep why something could not be collected."""
        if report.failed:
            self.uncollected.append(str(report.longrepr))

    @_in_order(optionalhook=True)  # new in pytest 6
    def pytest_warning_recorded(self, warning_message, when, nodeid, location):
        """Keep the test's warnings; one that every repetition gives again counts once."""
        if when == "runtest":
            category = warning_message.category
            self._warnings[str(warning_message)] = {
                "message": str(warning_message.message),
                "category": [category.__module__, category.__name__],
                "filename": warning_message.filename,
                "lineno": warning_message.lineno,
            }

    def pytest_runtest_logreport(self, report):
        """Keep the failures of a test's parts, its subtests: pytest tells them apart, and lets the test pass."""
        if report.when == "call" and report.failed:
            self._parts.append(report)

    def pytest_runtestloop(self, session):
        """Run the one item in place of all."""
        found = [item for item in session.items if item.nodeid == self._nodeid]
        self.told = True
        if len(found) != 1:
            self._dialogue.send(self.lost("%d tests of this name were collected there" % len(found)))
            return True
        self._dialogue.send({"type": "collected"})
        if self._dialogue.receive()["type"] == "begin":
            self._known_marks = self._added_marks.marks_of(found[0])
            found[0].config.hook.pytest_runtest_protocol(item=found[0], nextitem=None)
            self._dialogue.send(dict(self._left, type="ended", warnings=list(self._warnings.values())))
        return True

    @_in_order(tryfirst=True)
    def pytest_runtest_protocol(self, item):
        """The item's phases. Called as a hook, for pytest's own work round a test: assertions in detail, warnings."""
        self._run(item)
        return True

    def lost(self, why):
        """The message for a test that is not found again, or not run to its end."""
        sentence = "%s cannot be run in an isolated interpreter: %s" % (self._nodeid, why)
        text = "\n".join(self.uncollected)
        kind = "workload" if self.told else "import"
        return {"type": "error", "kind": kind, "message": sentence, "exception": "", "traceback": text}

    def _run(self, item):
        from _pytest import runner

        left = [runner.call_and_report(item, "setup", log=False)]
        if left[0].passed:
            left = self._begun(item, runner, left)
        left.append(runner.call_and_report(item, "teardown", log=False, nextitem=None))
        self._left = self._carried(item, left)

    def _begun(self, item, runner, reports, **told):
        """Say that it is set up, and have it called; returns as ``_call``. What the set-up left busy comes to rest."""
        rest = self._load_sibling("marked_test/resting").Rest(self._load_sibling("dialogue/clocks"))
        self._dialogue.send(dict(self._carried(item, reports), type="begun", **told))
        if self._dialogue.receive()["type"] != "attempt":
            return []
        rest.wait()
        return self._call(item, runner)

    def _call(self, item, runner):
        """The first call and, when it passed, rounds; returns the reports that the parent does not have yet."""
        outcome = []
        figures = self._dialogue.clocked(lambda: outcome.append(self._first_call(item, runner)))
        report, passed = outcome[0]
        told, measured = None, None
        if self._benchmarked is not None:
            told, measured = self._benchmarked.told(report.outcome == "skipped"), self._benchmarked.ended_by
            figures = self._benchmarked.figures(figures)
        if measured == "conclude":
            self._dialogue.send(dict(self._carried(item, [report]), type="concluded", benchmark=told))
            self._dialogue.receive()
            return []
        if measured or not passed:
            return [report]
        self._dialogue.send(dict(figures, type="ready", benchmark=told, **self._carried(item, [report])))
        return self._anew(item, runner) if self._repeat(item) == "anew" else []

    def _anew(self, item, runner):
        """Set the item up anew, and have its call run as at first; returns as ``_call``."""
        anew = self._load_sibling("marked_test/set_up_anew")
        reports = anew.again(item, runner)
        if not reports[-1].passed:
            return reports
        return self._begun(item, runner, reports, iterators=anew.iterators(item))

    def _first_call(self, item, runner):
        """The call's report, and whether its body passed: a pass that was not expected is for the parent to judge."""
        from _pytest.outcomes import Exit
        from _pytest.reports import TestReport

        call = runner.CallInfo.from_call(
            lambda: item.ihook.pytest_runtest_call(item=item), when="call", reraise=(Exit, KeyboardInterrupt)
        )
        if call.excinfo is None and not getattr(item, "_excinfo", None):
            report = TestReport.from_item_and_call(item, call)
            return (self._with_parts(report), False) if self._parts else (report, True)
        return item.ihook.pytest_runtest_makereport(item=item, call=call), False

    def _with_parts(self, report):
        """The report of a call that passed as a whole and failed in parts."""
        told = [self._repeated_call.count_of(self._parts)] + self._repeated_call.told_of(self._parts)
        report.outcome, report.longrepr = "failed", "\n\n".join(told)
        return report

    def _repeat(self, item):
        """Answer until a message comes that ends the rounds; returns its type."""
        with self._repeated_call.surroundings(item) as handler:
            region = self._repeated_call.region(item, self._parts, handler, self._benchmarked)
            self._dialogue.measure(self._nodeid, region)
            while True:
                message = self._dialogue.receive()
                if message["type"] in ("finish", "close", "anew"):
                    return message["type"]
                self._dialogue.send(self._dialogue.answer(message))

    def _carried(self, item, reports):
        hook, told = item.config.hook, []
        for report in reports:
            plain = _plain(hook.pytest_report_to_serializable(config=item.config, report=report))
            told.append(dict(plain, text=_text_of(report)))
        return {"reports": told, "xfails": self._added_marks.added(item, self._known_marks)}


def _text_of(report):
    """What a report says, for those who are no pytest: a failure's text, a skip's reason."""
    if report.skipped and isinstance(report.longrepr, tuple):
        return report.longrepr[2]
    return report.longreprtext


def _plain(report):
    """A report as JSON carries it: what a user attached that is no JSON goes as its text."""
    return json.loads(json.dumps(report, default=repr))


if sys.version_info < (3, 6):
    raise ImportError("a test can be measured on Python 3.6 or later")
