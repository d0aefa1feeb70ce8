"""The messages between this process and the agent: JSON objects, one a line, each with the protocol's number.

The agent's module docstring (agent/runner.py) lists the messages; this module only frames them.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

from pytest_multicore.errors import ProtocolError

PROTOCOL = 1

#: The agent sends no longer message; reading on would only fill the memory.
MAX_MESSAGE_BYTES = 64 * 1024 * 1024

Message = dict[str, Any]


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
    return message


def seconds_in(message: Message, field: str) -> float:
    """A time that the agent read off a clock.

    Raises:
        ProtocolError: the message holds no finite number of at least 0 there.
    """
    value = message.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= sys.float_info.max:
        raise ProtocolError(
            f"the agent sent {field}={value!r} in {message['type']!r}; expected seconds, a finite number of at least 0"
        )
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:20]} is beyond what a float holds")
    return number
