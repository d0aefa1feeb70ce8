"""Theano's and PyTensor's flags: ``name=value`` pairs in one variable, separated by commas, quoted as in a shell."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pytest_multicore.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def parse(text: str) -> dict[str, str]:
    """Parse THEANO_FLAGS or PYTENSOR_FLAGS as Theano does: a later pair wins, empty ones are skipped.

    Raises:
        UsageError: a quotation without an end, or a pair without ``=``.
    """
    try:
        pairs = [pair.strip() for pair in _lexer(text)]
    except ValueError as error:
        raise UsageError(f"THEANO_FLAGS or PYTENSOR_FLAGS: found {text!r}: {error}") from error
    return dict(_split(pair, text) for pair in pairs if pair)


def _lexer(text: str) -> shlex.shlex:
    # The lexer of theano.configparser, with its comment sign, so that both see the same flags.
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace = ","
    lexer.whitespace_split = True
    return lexer


def _split(pair: str, text: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise UsageError(f"THEANO_FLAGS or PYTENSOR_FLAGS: found {pair!r} in {text!r}, expected name=value")
    return name, value


def render(flags: Mapping[str, str]) -> str:
    """Write flags so that `parse`, and Theano, read them back unchanged."""
    return ",".join(f"{name}={_quoted(value)}" for name, value in flags.items())


def _quoted(value: str) -> str:
    if not any(sign in value for sign in ",\"'\\#") and value == value.strip():
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
