"""What differs between the environments of a program and of its base: packages, libraries, thread pools, variables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

#: Packages named, those that were imported first.
MAX_PACKAGES = 12
#: Of a commit's name, as git shortens it.
COMMIT_DIGITS = 12
ABSENT = "none"


def differences(
    packages: Mapping[str, str],
    base_packages: Mapping[str, str],
    facts: Mapping[str, Any],
    base_facts: Mapping[str, Any],
    commits: tuple[str, str] = ("", ""),
) -> tuple[str, ...]:
    """What differs, in words: the base's first.

    Args:
        packages: the program's releases, by name.
        base_packages: the base's.
        facts: what the program's contender said of itself (agent/dialogue/facts.py).
        base_facts: what the base's said.
        commits: those that the base and the program were built from; empty where they were not.
    """
    return (
        *([f"{_commit(commits[0])} -> {_commit(commits[1])}"] if any(commits) else []),
        *_changes("", base_packages, packages, facts.get("frameworks", {})),
        *_changes("Python", {"": base_facts.get("python")}, {"": facts.get("python")}),
        *_changes("interpreter's lock", {"": _lock(base_facts)}, {"": _lock(facts)}),
        *_changes("threads of ", _pools(base_facts), _pools(facts)),
        *_changes("library ", _libraries(base_facts), _libraries(facts)),
        *_changes("", base_facts.get("variables", {}), facts.get("variables", {})),
    )


def _lock(facts: Mapping[str, Any]) -> str | None:
    """Whether the interpreter's lock is on; None where Python does not say."""
    on = facts.get("gil")
    return None if on is None else "on" if on else "off"


def _commit(name: str) -> str:
    return f"commit {name[:COMMIT_DIGITS]}" if name else "the working tree"


def _changes(
    kind: str, before: Mapping[str, Any], after: Mapping[str, Any], first: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """``numpy 1.26.4 -> 2.4.6`` for each name whose value differs, those of ``first`` first."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    names.sort(key=lambda name: (name not in (first or {}), name))
    for name in names[:MAX_PACKAGES]:
        values = (ABSENT if value is None else value for value in (before.get(name), after.get(name)))
        yield f"{kind}{name} {' -> '.join(map(str, values))}"
    if len(names) > MAX_PACKAGES:
        yield f"and {len(names) - MAX_PACKAGES} more packages"


def _pools(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Threads of each kind of BLAS or OpenMP library that is loaded."""
    return _by_kind(facts, lambda library: str(library.get("threads")))


def _libraries(facts: Mapping[str, Any]) -> dict[str, str]:
    """The file of each kind of BLAS or OpenMP library that is loaded, with its release."""
    return _by_kind(
        facts, lambda library: f"{os.path.basename(library['path'])} {library.get('version') or ''}".strip()
    )


def _by_kind(facts: Mapping[str, Any], figure: Callable[[Mapping[str, Any]], str]) -> dict[str, str]:
    """A figure of the libraries of each kind: there may be several."""
    libraries = facts.get("libraries", ())
    kinds = {library["kind"] for library in libraries}
    return {kind: " and ".join(sorted(figure(one) for one in libraries if one["kind"] == kind)) for kind in kinds}
