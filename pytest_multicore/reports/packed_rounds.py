"""The rounds of a result, packed: a session keeps those of all its tests until it writes its reports."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

#: zlib's fastest: higher levels take three times as long for a sixth less.
LEVEL = 1


class PackedRounds(Sequence[Mapping[str, Any]]):
    """Rounds as a record has them, read-only. Each use unpacks them all.

    As lists and dicts the rounds of a test take 2 kB each, and there are some 70 of them; packed they take a tenth.
    """

    def __init__(self, rounds: Sequence[Mapping[str, Any]]) -> None:
        self._count = len(rounds)
        self._packed = zlib.compress(json.dumps(rounds).encode(), LEVEL)

    def unpacked(self) -> list[Mapping[str, Any]]:
        """All of them."""
        rounds: list[Mapping[str, Any]] = json.loads(zlib.decompress(self._packed))
        return rounds

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.unpacked())

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[Mapping[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> Mapping[str, Any] | list[Mapping[str, Any]]:
        return self.unpacked()[index]


def encode(value: object, **options: Any) -> str:
    """A value as JSON, packed rounds in it too.

    Raises:
        TypeError: it holds what is no JSON.
        ValueError: it holds NaN or an infinity.
    """
    return json.dumps(value, allow_nan=False, default=_unpack, **options)


def _unpack(value: object) -> object:
    if isinstance(value, PackedRounds):
        return value.unpacked()
    raise TypeError(f"{type(value).__name__} is no JSON: {value!r}")
