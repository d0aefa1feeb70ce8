"""The messages between this process and the agent: JSON objects, one a line, each with the protocol's number.

The agent's module docstring (agent/runner.py) lists the messages; this module only frames them.
"""

from __future__ import annotations

import json
import math
from typing import Any

from pytest_multicore.errors import ProtocolError

PROTOCOL = 1

#: The agent sends no longer message; reading on would only fill the memory.
MAX_MESSAGE_BYTES = 64 * 1024 * 1024

#: No process ran for so long: it is over thirty years.
MAX_SECONDS = 1e9

Message = dict[str, Any]

#: What a field of an answer holds, wherever it is.
KINDS: dict[str, tuple[type, ...]] = {
    "variables": (dict,),
    "frameworks": (dict,),
    "within": (bool,),
    "stepwise": (bool,),
    **dict.fromkeys(("benchmark", "theano", "pytensor", "observed", "changed", "overlay"), (dict, type(None))),
}
#: Fields that hold a list of objects.
OBJECTS = ("reports", "xfails", "warnings", "libraries", "start_changes")
#: Answers that hold reports of a test; a report of these fields is pytest's to read.
WITH_REPORTS = ("begun", "ended", "concluded")
REPORT_FIELDS = ("when", "outcome", "nodeid")


def encode(kind: str, **fields: Any) -> bytes:
    """One message as a line of UTF-8.

    Raises:
        ProtocolError: a field holds what JSON cannot carry.
    """
    message = {"protocol": PROTOCOL, "type": kind, **fields}
    try:
        return json.dumps(message, allow_nan=False).encode("utf-8") + b"\n"
    except (TypeError, ValueError) as error:
        raise ProtocolError(
            f"a {kind!r} message cannot be sent: {error}; workload arguments must be what JSON carries "
            "(numbers, strings, booleans, None, lists, dicts with string keys; no NaN or infinity)"
        ) from None


def decode(line: bytes) -> Message:
    """The message in one line.

    Raises:
        ProtocolError: the line is not a JSON object of this protocol's number with a type.
    """
    try:
        message = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the agent sent a line that is not JSON: {line[:200]!r} ({error})") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ProtocolError(f"the agent sent {line[:200]!r}; expected an object with a 'type'")
    if message.get("protocol") is not PROTOCOL:
        raise ProtocolError(
            f"the agent speaks protocol {message.get('protocol')!r}, this side {PROTOCOL}: "
            "two versions of pytest-multicore are mixed; install it afresh"
        )
    _check_fields(message)
    return message


def _check_fields(message: Message) -> None:
    """Refuse an answer whose fields are not what the parent reads there."""
    for field, kinds in KINDS.items():
        if field in message and not isinstance(message[field], kinds):
            raise _wrong_field(message, field, " or ".join(kind.__name__ for kind in kinds))
    for field in OBJECTS:
        value = message.get(field, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise _wrong_field(message, field, "a list of objects")
    reports = message.get("reports", None if message["type"] in WITH_REPORTS else [])
    if reports is None or not all(isinstance(one.get(name), str) for one in reports for name in REPORT_FIELDS):
        raise _wrong_field(message, "reports", f"a list of objects with texts {', '.join(REPORT_FIELDS)}")


def _wrong_field(message: Message, field: str, expected: str) -> ProtocolError:
    found = f"{message.get(field)!r}"[:200]
    return ProtocolError(f"the agent sent {field}={found} in {message['type']!r}; expected {expected}")


def seconds_in(message: Message, field: str) -> float:
    """A time that the agent read off a clock.

    Raises:
        ProtocolError: the message holds no number from 0 to MAX_SECONDS there.
    """
    value = message.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_SECONDS:
        raise _wrong_field(message, field, f"seconds, a number from 0 to {MAX_SECONDS:.0e}")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:20]} is beyond what a float holds")
    return number
