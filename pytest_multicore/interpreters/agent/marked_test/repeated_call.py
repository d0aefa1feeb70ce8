"""A test's call as rounds repeat it: without pytest's reporting round it, within what its fixtures count on.

Nothing here may cost a repetition more than a look: all of it is within the time that is measured.
"""

import contextlib
import io
import os


class SubtestFailed(Exception):  # noqa: N818 - it is what happened
    """A part of a repeated call failed, which its own context manager keeps from the call."""


@contextlib.contextmanager
def surroundings(item):
    """What stands round any call, for as long as rounds repeat it: a test may read its own output, and its own logs.

    Gives the handler of log records; None where the test asked for none, so that what it logs costs no more than it
    must.
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
            capture.read_global_capture()  # what the repetitions printed is nobody's


def region(item, parts, handler, benchmarked):
    """The item's call, as often as it is wanted. Failures that others keep to themselves are raised here.

    Args:
        item: the test.
        parts: where the reports of its failing parts are collected.
        handler: of log records, which each call finds empty; None: there is none.
        benchmarked: its use of pytest-benchmark's fixture, or None.
    """

    def called():
        if benchmarked is not None:
            benchmarked.restart()
        if handler is not None and handler.records:
            # In place: the test's caplog holds on to this very list.
            del handler.records[:]
            handler.stream = io.StringIO()
        try:
            item.runtest()
        except Exception as error:
            raise error.with_traceback(_without_pytest(error.__traceback__))
        if getattr(item, "_excinfo", None):  # unittest's runner
            raise item._excinfo.pop(0).value
        if parts:
            raise _failed_in(parts)

    return called


def count_of(parts):
    """How many parts failed, in words."""
    return "%d subtest%s failed" % (len(parts), "" if len(parts) == 1 else "s")


def told_of(parts):
    """What failed in each part, under its name."""
    return ["%s\n%s" % (_name_of(part), part.longreprtext) for part in parts]


def _failed_in(parts):
    """The exception that tells of failing parts; these are told of once."""
    failure = SubtestFailed(count_of(parts))
    failure.__cause__ = AssertionError("\n\n".join(told_of(parts)))
    del parts[:]
    return failure


def _log_handler(item):
    """The handler behind the test's caplog, and what has it catch records."""
    plugin = item.config.pluginmanager.get_plugin("logging-plugin")
    request = getattr(item, "_request", None)
    if plugin is None or "caplog" not in getattr(request, "fixturenames", ()):
        return None, _nothing()
    from _pytest.logging import catching_logs

    handler = getattr(plugin, "caplog_handler", None) or item.catch_log_handler  # one for each call before pytest 6
    return handler, catching_logs(handler, level=plugin.log_level)


@contextlib.contextmanager
def _nothing():
    """What contextlib.nullcontext is, on every Python."""
    yield


def _name_of(part):
    """What a subtest calls itself: its message and its values, where it tells them."""
    context = getattr(part, "context", None)
    values = getattr(context, "kwargs", None) or {}
    told = ["[%s]" % context.msg] if getattr(context, "msg", None) else []
    told += ["(%s)" % ", ".join("%s=%r" % pair for pair in sorted(values.items()))] if values else []
    return " ".join(["subtest"] + told)


def _without_pytest(trace):
    """A traceback from the test's own frame on, or the whole where there is none."""
    inner = trace
    while inner is not None and {"_pytest", "pluggy", "agent"} & set(inner.tb_frame.f_code.co_filename.split(os.sep)):
        inner = inner.tb_next
    return inner or trace
