"""The failures of user code as messages: one sentence, the exception, and the user's own frames."""

import os
import sys

OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: Workloads count as user code, although they are below this folder.
OWN_FOLDERS = {os.path.join(OWN_FOLDER, room) for room in os.listdir(OWN_FOLDER) if room != "workloads"} | {OWN_FOLDER}
TEXT = type(b"".decode("ascii"))  # unicode in 2.7
START_PATH = list(sys.path)


class Failure(Exception):  # noqa: N818 - it is what happened
    """A failure that is sent to the parent; `kind` is one of runner.py's table."""

    def __init__(self, kind, sentence, exception="", frames=""):
        Exception.__init__(self, sentence)
        self.kind, self.sentence, self.exception, self.frames = kind, sentence, exception, frames

    def message(self):
        """The failure as a message of type error."""
        return {
            "type": "error",
            "kind": self.kind,
            "message": text(self.sentence),
            "exception": text(self.exception),
            "traceback": text(self.frames),
        }


def from_user_code(what, happened, kind="workload"):
    """The Failure for the exception that is being handled.

    Args:
        what: the target, as the user wrote it.
        happened: what it did, as the end of a sentence.
        kind: the failure's kind, unless the exception determines it.
    """
    error_type, error, trace = sys.exc_info()
    exception = _one_line(error_type, error)
    if issubclass(error_type, SystemExit):
        return Failure("exit", "%s called sys.exit(%s)" % (what, _exit_code(error)), exception, _format(trace))
    if issubclass(error_type, KeyboardInterrupt):
        return Failure("exit", "%s was interrupted (KeyboardInterrupt)" % what, exception, _format(trace))
    if issubclass(error_type, ImportError):
        kind = "import"
    return Failure(kind, "%s %s: %s" % (what, happened, exception), exception, _format(trace))


def _exit_code(error):
    return "" if error.code is None else repr(error.code)


def _one_line(error_type, error):
    message = text(error)
    return error_type.__name__ + (": " + message if message else "")


def _format(trace):
    """The traceback from the user's first frame on, as Python prints it.

    The module traceback is imported here, because that takes milliseconds, and with the path of the start: a user's
    folder on sys.path may hold a token.py.
    """
    error_type, error, _ = sys.exc_info()
    while trace is not None and is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    path = sys.path[:]
    sys.path[:] = START_PATH
    try:
        import traceback

        return "".join(text(part) for part in traceback.format_exception(error_type, error, trace))
    except Exception as broken:
        return "(the traceback cannot be shown: %s)" % _one_line(type(broken), broken)
    finally:
        sys.path[:] = path


def is_ours(filename):
    """Whether a frame's file is the agent's."""
    return os.path.dirname(filename) in OWN_FOLDERS


def text(value):
    """`value` as text that UTF-8 can encode, with any bytes, surrogates or failing __str__ replaced."""
    try:
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        result = TEXT(value)
    except Exception:
        try:
            result = str(value)
        except Exception:
            result = "<a %s that cannot be printed>" % type(value).__name__
    if isinstance(result, bytes):
        return result.decode("utf-8", "replace")
    return result if isinstance("", bytes) else result.encode("utf-8", "backslashreplace").decode("utf-8")
