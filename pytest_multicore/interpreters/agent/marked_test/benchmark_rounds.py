"""Rounds of the function that a test passes to pytest-benchmark's fixture, taken while the test waits in that call.

pytest_agent.py's dialogue, where the test uses the fixture:

    child  -> ready      {"reports": [], "within": true, "stepwise", and done's figures of one call of the function}
    parent -> prepare    {}                                      before each round, where it is stepwise
    child  -> prepared   {}
    parent -> conclude   {}                                      or finish at once
    child  -> concluded  {"reports": [call], "benchmark"}        the test's call is over; finish follows

`test` says in "benchmark" how the fixture is provided: null, not by the agent; {"disabled": there are no statistics,
"once": the test does not wait, because each round has a new interpreter, and the figures of `ready` are those of the
benchmarked function}. A `ready` with a report, and `concluded`, have the benchmark's metadata in "benchmark": {"name",
"fullname", "group", "extra_info"}, null where the test does not use the fixture.
"""

import logging


class BenchmarkUse(object):
    """One test's use of the fixture.

    Attributes:
        fixture: the test's benchmark_fixture.Benchmark; None before it requests it.
        ended_by: the message that ended the rounds, `conclude`, `finish` or `close`; None where there were none.
    """

    def __init__(self, dialogue, request, fixtures, failures):
        self._dialogue, self._request, self._fixtures = dialogue, request, fixtures
        self._failures = failures
        self.fixture = None
        self.ended_by = None

    def replace_plugin(self, plugins):
        """Replace pytest-benchmark, before it is configured: it would load and save runs."""
        for plugin in list(plugins.get_plugins()):
            if getattr(plugin, "__name__", None) == "pytest_benchmark.plugin":
                plugins.unregister(plugin)
        plugins.register(self._fixtures.plugin(self._make), "multicore-benchmark")

    def metadata(self, skipped):
        """The benchmark's metadata."""
        if self.fixture is None:
            return None
        self.fixture.skipped = skipped
        return self.fixture.metadata(self._failures)

    def figures(self, of_call):
        """The figures of the benchmarked function; where there is none, those of the test's whole call."""
        return (self.fixture and self.fixture.figures) or of_call

    def restart(self):
        """Before a repetition of the test's whole call: reset the fixture, which takes no rounds in it."""
        if self.fixture is not None:
            self.fixture.rounds = None
            self.fixture.reset()

    def _make(self, node):
        rounds = None if self._request["once"] else (lambda region: self._rounds(node, region))
        self.fixture = self._fixtures.Benchmark(node, self._request["disabled"], self._dialogue.clocked, rounds)
        return self.fixture

    def _rounds(self, item, region):
        """Take rounds of a region until the parent has enough; returns the seconds of one call in each."""
        log_positions = _log_positions()
        out, err = _take_output(item.config)
        item.add_report_section("call", "stdout", out)
        item.add_report_section("call", "stderr", err)
        ready = dict(self.fixture.figures, type="ready", reports=[], within=True, stepwise=region.stepwise)
        self._dialogue.send(ready)
        answers = self._answer(item.nodeid, region)
        _take_output(item.config)  # discards what the repetitions printed
        _drop_logs(log_positions)
        region.clear()
        if any(answer["type"] == "error" for answer in answers):
            raise RuntimeError("pytest-multicore: the function failed in a round")
        # The first rounds may be short: they only determine the number of repetitions.
        repeat = max([answer["repeat"] for answer in answers] or [1])
        return [answer["wall_s"] / repeat for answer in answers if answer["repeat"] == repeat]

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
    """Take the output that pytest captured since the last time."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    if capture is None:
        return "", ""
    with capture.global_and_fixture_disabled():
        return capture.read_global_capture()


def _log_positions():
    """The handlers of log records that pytest added, with the present ends of their records and text."""
    handlers = logging.getLogger().handlers
    capturing = [handler for handler in handlers if hasattr(handler, "records") and hasattr(handler, "stream")]
    return [(handler, len(handler.records), handler.stream.tell()) for handler in capturing]


def _drop_logs(positions):
    """Drop what was logged since: repetitions may have logged the same a million times."""
    for handler, count, end in positions:
        del handler.records[count:]
        handler.stream.seek(end)
        handler.stream.truncate()
