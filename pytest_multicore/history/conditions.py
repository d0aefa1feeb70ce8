"""What must be the same for two results of one test to be compared, and what differs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pytest_multicore.reports.words import estimate
from pytest_multicore.verdicts.change import attained_alike

from .entry import Entry

#: Hold paths, which are the machine's own: what they bring about is told by the libraries.
PATH_VARIABLES = {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LD_PRELOAD"}
#: A folder in THEANO_FLAGS and PYTENSOR_FLAGS.
PATH_FLAG = re.compile(r"\b(?:base_)?compiledir=[^,]*,?")

Difference = str


def differences(new: Entry, old: Entry) -> list[Difference]:
    """Why two results of the same test are not comparable, each reason in words; empty where they are."""
    return [*fixed_differences(new, old), *_attained_difference(new, old)]


def fixed_differences(new: Entry, old: Entry) -> list[Difference]:
    """The same, as far as it is known before anything runs: sides, packages, libraries, settings, processor."""
    return [*_difference("CPU", new.cpu, old.cpu), *changed_setting(new, old)]


def changed_setting(new: Entry, old: Entry) -> list[Difference]:
    """What differs beside the processor: what a project, or its dependencies, may have changed."""
    found = []
    for name, label in (("environment", "environment"), ("threads", "threads"), ("baseline", "baseline threads")):
        found += _difference(label, new.result[name], old.result[name])
    found += _difference("Python", new.result["python"], old.result["python"])
    for before, after in ((_packages(old), _packages(new)), (_variables(old), _variables(new))):
        for name in sorted({*before, *after}):
            found += _difference(name, after.get(name), before.get(name))
    return found


def _packages(entry: Entry) -> dict[str, str]:
    """Versions of the packages that were imported, and of the numeric libraries that were mapped."""
    packages = {name: str(version) for name, version in (entry.result["frameworks"] or {}).items()}
    libraries: dict[str, list[str]] = {}
    for library in entry.result.get("libraries") or ():
        words = " ".join(str(library[name]) for name in ("version", "layer") if library.get(name))
        libraries.setdefault(str(library["kind"]), []).append(words)
    # A process may map several of a kind, in any order.
    return packages | {kind: " + ".join(sorted(found)) or "mapped" for kind, found in libraries.items()}


def _variables(entry: Entry) -> Mapping[str, Any]:
    variables = entry.result["variables"] or {}
    return {name: PATH_FLAG.sub("", value) for name, value in variables.items() if name not in PATH_VARIABLES}


def _difference(name: str, new: object, old: object) -> list[Difference]:
    if new == old:
        return []
    before, after = ("none" if one is None else str(one) for one in (old, new))
    return [f"{name} {before}, now {after}"]


def _attained_difference(new: Entry, old: Entry) -> list[Difference]:
    figures = [one.interval("attained_speedup") for one in (new, old)]
    if attained_alike(*figures):
        return []
    after, before = (estimate(one.result["attained_speedup"], "x") for one in (new, old))
    return [f"the machine attained {before}, now {after}"]
