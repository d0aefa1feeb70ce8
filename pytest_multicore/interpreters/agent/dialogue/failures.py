"""What user code can do wrong, as messages: one sentence, the exception, and the user's own frames."""

import os
import sys

OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: A workload is user code, though it lies below.
OWN_FOLDERS = {os.path.join(OWN_FOLDER, room) for room in os.listdir(OWN_FOLDER) if room != "workloads"} | {OWN_FOLDER}
TEXT = type(b"".decode("ascii"))  # unicode in 2.7
START_PATH = list(sys.path)


class Failure(Exception):  # noqa: N818 - it is what happened
    """A failure that is sent to the parent; `kind` is one of runner.py's table."""

    def __init__(self, kind, sentence, exception="", frames=""):
        Exception.__init__(self, sentence)
        self.kind, self.sentence, self.exception, self.frames = kind, sentence, exception, frames

    def message(self):
        """The message of type error that tells of it."""
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
        kind: of the failure, where the exception itself does not tell.
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
    said = text(error)
    return error_type.__name__ + (": " + said if said else "")


def _format(trace):
    """The traceback from the first frame of the user's on, as Python prints it.

    The standard library's modules for it load here: they cost milliseconds that a start can do without. They must be
    its own, though a user's folder on sys.path may hold a token.py.
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
    """`value` as text that UTF-8 can hold, whatever its bytes, surrogates or __str__ are like."""
    try:
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        found = TEXT(value)
    except Exception:
        try:
            found = str(value)
        except Exception:
            found = "<a %s that cannot be printed>" % type(value).__name__
    if isinstance(found, bytes):
        return found.decode("utf-8", "replace")
    return found if isinstance("", bytes) else found.encode("utf-8", "backslashreplace").decode("utf-8")
