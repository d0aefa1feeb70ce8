"""Rounds of what a test hands to pytest-benchmark's fixture, taken while the test waits within that call.

pytest_agent.py's dialogue, where the test uses the fixture:

    child  -> ready      {"reports": [], "within": true, "stepwise", and done's figures of one call of the function}
    parent -> prepare    {}                                      before each round, where it is stepwise
    child  -> prepared   {}
    parent -> conclude   {}                                      or finish at once
    child  -> concluded  {"reports": [call], "benchmark"}        the test's call is over; finish follows

`test` says in "benchmark" how the fixture is given: null, not by us; {"disabled": there are no statistics, "once": the
figures of `ready` are those of the benchmarked function and the test does not wait, for each round is a new
interpreter}. A `ready` with a report and `concluded` say in "benchmark" what the test said of it: {"name", "fullname",
"group", "extra_info"}, null where the test does not use it.
"""

import logging


class Benchmarked(object):
    """One test's use of the fixture.

    Attributes:
        fixture: as the test sees it, see benchmark_fixture.Benchmark; None while it has not asked for it.
        ended_by: the message that ended the rounds, `conclude`, `finish` or `close`; None where there were none.
    """

    def __init__(self, dialogue, asked, fixtures):
        self._dialogue, self._asked, self._fixtures = dialogue, asked, fixtures
        self.fixture = None
        self.ended_by = None

    def replace_plugin(self, plugins):
        """Give the fixture in pytest-benchmark's place, which is not even configured: it would load and save runs."""
        for plugin in list(plugins.get_plugins()):
            if getattr(plugin, "__name__", None) == "pytest_benchmark.plugin":
                plugins.unregister(plugin)
        plugins.register(self._fixtures.plugin(self._make), "multicore-benchmark")

    def told(self, skipped):
        """What the test said of its benchmark."""
        if self.fixture is None:
            return None
        self.fixture.skipped = skipped
        return self.fixture.told()

    def figures(self, of_call):
        """The figures of the function that was handed over; else those of the test's whole call."""
        return (self.fixture and self.fixture.figures) or of_call

    def restart(self):
        """Before a repetition of the test's whole call: the fixture is as new, and takes no rounds in it."""
        if self.fixture is not None:
            self.fixture.rounds = None
            self.fixture.forget()

    def _make(self, node):
        rounds = None if self._asked["once"] else (lambda region: self._rounds(node, region))
        self.fixture = self._fixtures.Benchmark(node, self._asked["disabled"], self._dialogue.clocked, rounds)
        return self.fixture

    def _rounds(self, item, region):
        """Seconds of one call in each round of a region, until the parent has enough."""
        logged = _logged_so_far()
        out, err = _take_output(item.config)
        item.add_report_section("call", "stdout", out)
        item.add_report_section("call", "stderr", err)
        ready = dict(self.fixture.figures, type="ready", reports=[], within=True, stepwise=region.stepwise)
        self._dialogue.send(ready)
        answers = self._answer(item.nodeid, region)
        _take_output(item.config)  # what the repetitions printed is nobody's
        _forget_logs(logged)
        region.clear()
        if any(answer["type"] == "error" for answer in answers):
            raise RuntimeError("pytest-multicore: the function failed in a round")
        # The first rounds may be short ones, that only tell how often to repeat.
        most = max([answer["repeat"] for answer in answers] or [1])
        return [answer["wall_s"] / most for answer in answers if answer["repeat"] == most]

    def _answer(self, target, region):
        answers = []
        self._dialogue.measure(target, region.repeated())
        while True:
            message = self._dialogue.receive()
            if message["type"] in ("conclude", "finish", "close"):
                break
            if message["type"] == "prepare":
                region.prepare()
                self._dialogue.send({"type": "prepared"})
                continue
            answer = self._dialogue.answer(message)
            self._dialogue.send(answer)
            if message["type"] == "round":
                answers.append(answer)
        self._dialogue.measure(target, None)
        self.ended_by = message["type"]
        return answers


def _take_output(config):
    """What was printed since it was last taken, to where pytest captures it for reports."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    if capture is None:
        return "", ""
    with capture.global_and_fixture_disabled():
        return capture.read_global_capture()


def _logged_so_far():
    """Where pytest's handlers of log records stand."""
    handlers = [one for one in logging.getLogger().handlers if hasattr(one, "records") and hasattr(one, "stream")]
    return [(handler, len(handler.records), handler.stream.tell()) for handler in handlers]


def _forget_logs(places):
    """Drop what was logged since: repetitions may have logged the same a million times."""
    for handler, count, end in places:
        del handler.records[count:]
        handler.stream.seek(end)
        handler.stream.truncate()
