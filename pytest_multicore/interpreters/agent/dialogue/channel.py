"""The dialogue's wire: private descriptors that carry JSON lines, which user code neither prints to nor reads."""

import functools
import io
import json
import os
import sys

try:
    import fcntl
    import resource
except ImportError:  # Windows: no child inherits what it is not given
    fcntl = resource = None

TEXT = type(b"".decode("ascii"))  # unicode in 2.7
PYTHON_2 = sys.version_info[0] == 2
# As they are now: a test may replace them, for its call or for good.
dumps, loads, getpid, exit_now, close = json.dumps, json.loads, os.getpid, os._exit, os.close
FIELDS = {
    "open": (("target", "a string"), ("arguments", "an object"), ("path", "a list")),
    "call": (("target", "a string"), ("arguments", "an object"), ("path", "a list")),
    "round": (("repeat", "an integer >= 1"),),
    "facts": (("variables", "a list"),),
    "imports": (("names", "a list"), ("path", "a list")),
    "watch": (
        ("observe", "a boolean"),
        ("trace", "a boolean"),
        ("changes", "a list"),
        ("threads", "an integer >= 1 or null"),
    ),
    "test": (("arguments", "an object"), ("path", "a list")),
    "begin": (),
    "attempt": (),
    "anew": (),
    "prepare": (),
    "conclude": (),
    "finish": (),
    "close": (),
}
DEFAULTS = {"arguments": dict, "path": list, "variables": list, "changes": list, "threads": lambda: None, "trace": bool}


class InvalidMessage(Exception):  # noqa: N818 - it is what happened
    """A line that is not a message of this protocol."""


class NotSerializable(Exception):  # noqa: N818 - it is what happened
    """A message whose value JSON cannot carry."""


class Channel(object):
    """Takes descriptors 0 and 1 for the dialogue, and puts the null device and the log in their places."""

    def __init__(self, protocol, failures):
        self._protocol, self._failures = protocol, failures
        self._owner = getpid()
        self.question = None  # the number of the last message, which its answer repeats
        self._questions = io.open(_private_copy(0), "rb")
        self._answers = io.open(_private_copy(1), "wb")
        _hand_over_standard_streams()
        if hasattr(os, "register_at_fork"):
            # A forked worker that outlives this process would hold the pipe open: the parent would never see its end.
            # No object of ours is registered: it would live until after finalisation, where 3.8 crashes on files.
            descriptors = [stream.fileno() for stream in (self._questions, self._answers)]
            os.register_at_fork(after_in_child=functools.partial(_close_once, descriptors))

    def receive(self):
        """The next line with its newline, as bytes; empty at end of file."""
        return self._questions.readline()

    def send(self, message):
        """Write one message.

        Raises:
            NotSerializable: JSON cannot carry a value in it; nothing was written.
        """
        numbers = {"protocol": self._protocol}
        if self.question is not None:
            numbers["question"] = self.question
        line = encode(dict(message, **numbers), self._failures)
        if getpid() != self._owner:  # user code forked, and its child returned to the agent: it must not answer
            exit_now(1)
        self._answers.write(line)
        self._answers.flush()


def _close_once(descriptors):
    """Close them, and forget them: a child's own child must not close what has their numbers by then."""
    while descriptors:
        try:
            close(descriptors.pop())
        except OSError:  # the measured code has closed it
            pass


def _private_copy(descriptor):
    """A copy that programs started by user code do not inherit, above the numbers that daemons close in a row."""
    if fcntl is None:
        return os.dup(descriptor)
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    lowest = max(3, (1024 if soft == resource.RLIM_INFINITY else min(soft, 1024)) - 16)
    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD, lowest)
    fcntl.fcntl(copy, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    return copy


def _hand_over_standard_streams():
    """Descriptor 0 becomes the null device, 1 a copy of 2, and Python's streams write there line by line."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.__stdout__ = _line_buffered(1)
    sys.stderr = sys.__stderr__ = _line_buffered(2)


def _line_buffered(descriptor):
    if not PYTHON_2:
        return io.open(descriptor, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    stream = os.fdopen(descriptor, "w", 1)
    try:
        import ctypes

        # Without an encoding, 2.7 refuses to print non-ASCII unicode to a file: the log must not break a workload.
        ctypes.pythonapi.PyFile_SetEncodingAndErrors(ctypes.py_object(stream), b"utf-8", b"backslashreplace")
    except (ImportError, AttributeError):
        pass
    return stream


def encode(message, failures):
    """One line of ASCII: JSON with escapes, independent of locale and encoding.

    What is no text in a result is refused, since the value would be another one; elsewhere it is made text.
    """

    def refuse_type(value):
        raise NotSerializable(
            "the value holds a %s, which JSON cannot carry: return numbers, strings, booleans, None, lists or dicts"
            % failures.full_name_of(type(value))
        )

    try:
        try:
            line = _dumped(message, refuse_type)
        except UnicodeError:
            if message.get("type") == "result":
                raise
            line = _dumped(_as_text(message), refuse_type)
    except NotSerializable:
        raise
    except:  # noqa: E722 - NaN, circular, keys that are no strings, bytes that are no text, too deep; or the value's own
        raise NotSerializable("the value cannot be carried by JSON: " + failures.one_line(*sys.exc_info()[:2]))
    return line.encode("ascii") + b"\n"


def _dumped(message, refuse_type):
    line = dumps(message, allow_nan=False, default=refuse_type)
    if not PYTHON_2 and "\\ud" in line:
        dumps(message, ensure_ascii=False).encode("utf-8")  # fails for lone surrogates only
    return line


def _as_text(value):
    if isinstance(value, dict):
        return dict((_as_text(name), _as_text(value[name])) for name in value)
    if isinstance(value, (list, tuple)):
        return [_as_text(one) for one in value]
    if PYTHON_2:
        return bytes.decode(value, "utf-8", "replace") if isinstance(value, bytes) else value
    return TEXT.encode(value, "utf-8", "backslashreplace").decode("utf-8") if isinstance(value, TEXT) else value


def decode(line, protocol):
    """The message on a line, with defaults for its optional fields.

    Raises:
        InvalidMessage: the child cannot answer it.
    """
    try:
        message = loads(line.decode("utf-8"))
    except ValueError as error:
        raise InvalidMessage("the line is not UTF-8 JSON (%s): %r" % (error, line[:80]))
    if not isinstance(message, dict):
        raise InvalidMessage("the line is JSON, but not an object: %r" % line[:80])
    if message.get("protocol") != protocol:
        raise InvalidMessage("protocol %d is spoken here, the message says %r" % (protocol, message.get("protocol")))
    if message.get("type") not in FIELDS:
        known = ", ".join(sorted(FIELDS))
        raise InvalidMessage("unknown message type %r; known are %s" % (message.get("type"), known))
    for field, kind in FIELDS[message["type"]]:
        if field in DEFAULTS:
            message.setdefault(field, DEFAULTS[field]())
        if not _has_kind(message.get(field), kind):
            value = repr(message[field]) if field in message else "none"
            raise InvalidMessage("%s needs %s: %s; found %s" % (message["type"], field, kind, value))
    return message


def _has_kind(value, kind):
    if kind == "an integer >= 1":
        return isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if kind == "an integer >= 1 or null":
        return value is None or _has_kind(value, "an integer >= 1")
    return isinstance(value, {"a string": TEXT, "an object": dict, "a list": list, "a boolean": bool}[kind])
