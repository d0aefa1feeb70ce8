"""The options of this pytest that a child gets: as JSON, and paths and containers by their kind.

Nothing is pickled, so an object of any other class stays here, and the child has its option's default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Named in agent/marked_test/typed_options.py, too. A subclass would lose what it adds.
CONTAINERS = (list, tuple, set, frozenset)
MAX_DEPTH = 10


def carried_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Those that JSON knows; and as [kind, content] those that are a path or a container of what can be carried."""
    plain = {name: value for name, value in options.items() if _is_plain(value)}
    entries = {name: _entry(value) for name, value in options.items() if name not in plain}
    return plain, {name: entry for name, entry in entries.items() if entry}


def _entry(value: object, depth: int = 0) -> list[Any] | None:
    """[kind, content]; None where it cannot be carried, as what holds itself."""
    if _is_plain(value):
        return ["plain", value]
    if isinstance(value, Path):
        return ["path", str(value)]
    kind = type(value)
    if depth > MAX_DEPTH or kind not in (dict, *CONTAINERS):
        return None
    assert isinstance(value, (dict, *CONTAINERS))  # noqa: S101 - its class is one of these
    parts = [part for pair in value.items() for part in pair] if isinstance(value, dict) else [*value]
    content = [_entry(part, depth + 1) for part in parts]
    return None if None in content else [kind.__name__, content]


def _is_plain(value: object) -> bool:
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError, RecursionError):
        return False
