"""The failures of user code as messages: one sentence, the exception, and the user's own frames."""

import os
import sys

OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: Workloads count as user code, although they are below this folder.
OWN_FOLDERS = {os.path.join(OWN_FOLDER, room) for room in os.listdir(OWN_FOLDER) if room != "workloads"} | {OWN_FOLDER}
TEXT = type(b"".decode("ascii"))  # unicode in 2.7
#: What classes have of `type`: a metaclass of the user's may raise where it is asked for an attribute.
CLASS_NAME, CLASS_MODULE = type.__dict__["__name__"], type.__dict__["__module__"]
StartPath = None  # see start_path.py; runner.py gives it
#: Characters of each text of a failure: a message holds three, and an exception's may be as long as it likes.
MAX_TEXT = 1 << 16


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
            "message": shortened(text(self.sentence), MAX_TEXT),
            "exception": shortened(text(self.exception), MAX_TEXT),
            "traceback": shortened(text(self.frames), MAX_TEXT),
        }


def from_user_code(what, happened, kind="workload"):
    """The Failure for the exception that is being handled.

    Args:
        what: the target, as the user wrote it.
        happened: what it did, as the end of a sentence.
        kind: the failure's kind, unless the exception determines it.
    """
    error_type, error, trace = sys.exc_info()
    exception = one_line(error_type, error)
    if issubclass(error_type, SystemExit):
        return Failure("exit", "%s called sys.exit(%s)" % (what, _exit_code(error)), exception, _format(trace))
    if issubclass(error_type, KeyboardInterrupt):
        return Failure("exit", "%s was interrupted (KeyboardInterrupt)" % what, exception, _format(trace))
    if issubclass(error_type, ImportError):
        kind = "import"
    return Failure(kind, "%s %s: %s" % (what, happened, exception), exception, _format(trace))


def _exit_code(error):
    try:
        code = error.code
    except:  # noqa: E722 - a property of the user's
        code = error
    return "" if code is None else representation(code)


def one_line(error_type, error):
    """An exception as the last line of its traceback has it."""
    message = text(error)
    return name_of(error_type) + (": " + message if message else "")


def _format(trace):
    """The traceback from the user's first frame on, as Python prints it.

    The module traceback is imported here, because that takes milliseconds, and with the path of the start: a user's
    folder on sys.path may hold a token.py.
    """
    error_type, error, _ = sys.exc_info()
    while trace is not None and is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    try:
        with StartPath():
            import traceback

            try:
                parts = traceback.format_exception(error_type, error, trace)
            except:  # noqa: E722 - whatever the exception, or its cause, raises where it is asked
                parts = ["Traceback (most recent call last):\n"] + traceback.format_tb(trace)
                parts.append(one_line(error_type, error) + "\n")
            return "".join(text(part) for part in parts)
    except Exception as broken:
        return "(the traceback cannot be shown: %s)" % one_line(type(broken), broken)


def is_ours(filename):
    """Whether a frame's file is the agent's."""
    return os.path.dirname(filename) in OWN_FOLDERS


def name_of(kind):
    """A class's name."""
    return CLASS_NAME.__get__(kind) if isinstance(kind, type) else kind.__name__  # 2.7 has classes that are no types


def full_name_of(kind):
    """The name of a class that is a type, with its module where that is not Python's own."""
    module = text(CLASS_MODULE.__get__(kind))
    return name_of(kind) if module in ("builtins", "__builtin__") else module + "." + name_of(kind)


def shortened(words, length):
    """A text of at most so many characters, and a note in its middle of how many are left out there."""
    if len(words) <= length:
        return words
    note = "\n... (pytest-multicore left out %d characters here)\n" % (len(words) - length)
    return words[: length // 2] + note + words[-(length // 2) :]


def text(value):
    """`value` as text that UTF-8 can encode, with any bytes or surrogates replaced, whatever its methods raise."""
    return _words(value, lambda: value if isinstance(value, bytes) else TEXT(value), lambda: str(value))


def representation(value):
    """`value` as repr() shows it; text as `text` makes it."""
    return _words(value, lambda: repr(value))


def _words(value, *ways):
    """What the first way gives that raises nothing, be it no Exception; its class's name where each raises.

    Methods of plain text and bytes are called by their types: a subclass's own may raise.
    """
    for way in ways:
        try:
            words = way()
            if isinstance(words, bytes):
                return bytes.decode(words, "utf-8", "replace")
            return TEXT.encode(words, "utf-8", "backslashreplace").decode("utf-8")
        except:  # noqa: E722, S112 - the next way, or the name
            continue
    return "<a %s that cannot be printed>" % name_of(type(value))
