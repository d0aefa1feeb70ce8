"""A test's call as rounds repeat it: without pytest's reporting, and with the surroundings that its fixtures need.

Everything here must be cheap: it is part of the time that is measured.
"""

import contextlib
import io
import os


class SubtestFailed(Exception):  # noqa: N818 - it is what happened
    """A subtest of a repeated call failed; its own context manager does not raise that."""


@contextlib.contextmanager
def surroundings(item):
    """The captures of output and logs around a call, while rounds repeat it: a test may read its own output and logs.

    Yields the handler of log records; None where the test uses none, so that its logging costs no more than necessary.
    """
    capture = item.config.pluginmanager.get_plugin("capturemanager")
    handler, caught = _log_handler(item)
    if capture is not None:
        capture.resume_global_capture()
        capture.activate_fixture()
    try:
        with caught:
            yield handler
    finally:
        if capture is not None:
            capture.deactivate_fixture()
            capture.suspend_global_capture(in_=False)
            capture.read_global_capture()  # discards what the repetitions printed


def region(item, parts, handler, benchmark):
    """A function that repeats the item's call. It also raises the failures of unittest and of subtests.

    Args:
        item: the test.
        parts: a list that collects the reports of failed subtests.
        handler: the handler of log records, which is empty before each call; None: there is none.
        benchmark: the test's use of pytest-benchmark's fixture, or None.
    """
    case = _case_with_a_loop(item)

    def call():
        if case is not None:
            case._asyncioRunner = None  # it is closed, and a second call would refuse it
        if benchmark is not None:
            benchmark.restart()
        if handler is not None and handler.records:
            # In place: the test's caplog refers to this list.
            del handler.records[:]
            handler.stream = io.StringIO()
        try:
            item.runtest()
        except Exception as error:
            raise error.with_traceback(_without_pytest(error.__traceback__))
        if getattr(item, "_excinfo", None):  # unittest's runner
            raise item._excinfo.pop(0).value
        if parts:
            raise _failure_of(parts)

    return call


def describe_count(parts):
    """The number of failed subtests, in words."""
    return "%d subtest%s failed" % (len(parts), "" if len(parts) == 1 else "s")


def describe(parts):
    """Each failed subtest's name and failure."""
    return ["%s\n%s" % (_name_of(part), part.longreprtext) for part in parts]


def _case_with_a_loop(item):
    """The item's unittest.IsolatedAsyncioTestCase that keeps the event loop of its last call; None: it is none.

    Those before Python 3.11 forget it.
    """
    instance = getattr(item, "instance", None)
    return instance if hasattr(instance, "_asyncioRunner") else None


def _failure_of(parts):
    """The exception for failed subtests; empties the list of their reports."""
    failure = SubtestFailed(describe_count(parts))
    failure.__cause__ = AssertionError("\n\n".join(describe(parts)))
    del parts[:]
    return failure


def _log_handler(item):
    """The handler of the test's caplog, and a context in which it catches records."""
    plugin = item.config.pluginmanager.get_plugin("logging-plugin")
    request = getattr(item, "_request", None)
    if plugin is None or "caplog" not in getattr(request, "fixturenames", ()):
        return None, _nothing()
    from _pytest.logging import catching_logs

    handler = getattr(plugin, "caplog_handler", None) or item.catch_log_handler  # one for each call before pytest 6
    return handler, catching_logs(handler, level=plugin.log_level)


@contextlib.contextmanager
def _nothing():
    """contextlib.nullcontext on every Python."""
    yield


def _name_of(part):
    """A subtest's name: its message and its values, where it has any."""
    context = getattr(part, "context", None)
    values = getattr(context, "kwargs", None) or {}
    words = ["[%s]" % context.msg] if getattr(context, "msg", None) else []
    words += ["(%s)" % ", ".join("%s=%r" % pair for pair in sorted(values.items()))] if values else []
    return " ".join(["subtest"] + words)


def _without_pytest(trace):
    """A traceback from the test's own frame on; the whole traceback where there is none."""
    inner = trace
    while inner is not None and {"_pytest", "pluggy", "agent"} & set(inner.tb_frame.f_code.co_filename.split(os.sep)):
        inner = inner.tb_next
    return inner or trace
