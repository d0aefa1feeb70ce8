"""What must be the same for two results of one test to be compared, and what else changed between them.

What a program may bring about itself does not keep its results apart: a variable that it sets, a package that it
imports, a library that is mapped for that. A limit on threads that comes with an import is what a comparison must find.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from pytest_multicore.reports.words import estimate
from pytest_multicore.verdicts.change import attained_alike

from .entry import Entry

T = TypeVar("T")

#: Hold paths, which are the machine's own: what they bring about is told by the libraries.
PATH_VARIABLES = {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LD_PRELOAD"}
#: A folder in THEANO_FLAGS and PYTENSOR_FLAGS.
PATH_FLAG = re.compile(r"\b(?:base_)?compiledir=[^,]*,?")
SIDES = (
    ("host", "host"),
    ("environment", "environment"),
    ("threads", "threads"),
    ("baseline", "baseline threads"),
    ("vary", "sides differ in"),
    ("python", "Python"),
)

#: One thing that differs, in words.
Difference = str


def differences(new: Entry, old: Entry) -> list[Difference]:
    """Why two results of the same test are not comparable; empty where they are."""
    return [*_difference("CPU", new.cpu, old.cpu), *_other_environment(new, old), *_other_gain(new, old)]


def also_changed(new: Entry, old: Entry) -> list[Difference]:
    """What differs and keeps nothing from being compared: evidence of why a figure moved."""
    found = []
    for name, after, before in (*_both(new, old, _packages), *_both(new, old, _libraries)):
        if not _is_other_release(after, before):
            found += _difference(name, _versions(after), _versions(before))
    for name, value, value_before in _both(new, old, _variables):
        found += _difference(name, value, value_before)
    return found


def changed_conditions(new: Entry, old: Entry) -> list[Difference]:
    """All that differs between two results on one processor."""
    return [*_other_environment(new, old), *also_changed(new, old)]


def _other_environment(new: Entry, old: Entry) -> list[Difference]:
    """Sides, Python, and packages and libraries that both have in other releases."""
    found = []
    for field, label in SIDES:
        found += _difference(label, new.result[field], old.result[field])
    for name, after, before in (*_both(new, old, _packages), *_both(new, old, _libraries)):
        if _is_other_release(after, before):
            found += _difference(name, _versions(after), _versions(before))
    return found


def _is_other_release(after: set[str] | None, before: set[str] | None) -> bool:
    """Whether both have it, and none in the same release: a process may map several libraries of a kind."""
    return bool(after and before and not after & before)


def _versions(found: set[str] | None) -> str | None:
    return None if found is None else " + ".join(sorted(found))


def _both(new: Entry, old: Entry, of: Callable[[Entry], Mapping[str, T]]) -> list[tuple[str, T | None, T | None]]:
    """What two entries have under each name: (name, new, old), None where one lacks it."""
    after, before = of(new), of(old)
    return [(name, after.get(name), before.get(name)) for name in sorted({*after, *before})]


def _packages(entry: Entry) -> dict[str, set[str]]:
    """Versions of the packages that were imported."""
    return {name: {str(version)} for name, version in (entry.result["frameworks"] or {}).items()}


def _libraries(entry: Entry) -> dict[str, set[str]]:
    """Releases of the numeric libraries that were mapped, with their threading layer, by kind."""
    found: dict[str, set[str]] = {}
    for library in entry.result["libraries"]:
        words = " ".join(str(library[name]) for name in ("version", "layer") if library[name])
        found.setdefault(str(library["kind"]), set()).add(words or "mapped")
    return found


def _variables(entry: Entry) -> Mapping[str, str]:
    variables = entry.result["variables"] or {}
    return {name: PATH_FLAG.sub("", value) for name, value in variables.items() if name not in PATH_VARIABLES}


def _difference(name: str, new: object, old: object) -> list[Difference]:
    if new == old:
        return []
    before, after = ("none" if one is None else str(one) for one in (old, new))
    return [f"{name} {before}, now {after}"]


def _other_gain(new: Entry, old: Entry) -> list[Difference]:
    figures = [one.interval("attained_speedup") for one in (new, old)]
    if attained_alike(*figures):
        return []
    after, before = (estimate(one.result["attained_speedup"], "x") for one in (new, old))
    return [f"the machine attained {before}, now {after}"]
