import math

import pytest

from pytest_multicore.errors import ProtocolError
from pytest_multicore.interpreters import protocol


def test_a_message_survives_the_way() -> None:
    line = protocol.encode("open", target="a:b", arguments={"size": 3, "name": "\u00fc\n"})
    assert line.count(b"\n") == 1
    assert protocol.decode(line)["arguments"] == {"size": 3, "name": "\u00fc\n"}


@pytest.mark.parametrize("value", [math.nan, object(), {1, 2}])
def test_what_json_cannot_carry_is_refused_by_name(value: object) -> None:
    with pytest.raises(ProtocolError, match="'open' message cannot be sent"):
        protocol.encode("open", arguments={"x": value})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"hello\n", "not JSON"),
        (b"[1]\n", "expected an object"),
        (b'{"type": 3, "protocol": 1}\n', "expected an object"),
        (b'{"type": "hello", "protocol": 2}\n', "two versions"),
        (b'{"type": "hello"}\n', "speaks protocol None"),
    ],
)
def test_a_line_that_is_no_message_is_told(line: bytes, expected: str) -> None:
    with pytest.raises(ProtocolError, match=expected):
        protocol.decode(line)
