"""Whether the base's sides ran the base: which of its modules they imported, and from where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.verdicts.limits import OpenReason


def modules_from_elsewhere(base: PreparedEnvironment | None, facts: Mapping[str, Any]) -> str:
    """Why the base's sides did not run the base, where a module of it came from elsewhere; empty else.

    Args:
        base: what was compared with.
        facts: what its contender said of itself.
    """
    names = [name for name, from_base in _imported(base, facts).items() if not from_base]
    if base is None or not names:
        return ""
    return (
        f"{', '.join(names)} of {base.base_name}: {OpenReason.NOT_THE_BASE.value}; leave out what imports it before "
        "the tests, as a .pth file does, or declare an environment for the base"
    )


def nothing_imported(base: PreparedEnvironment | None, facts: Mapping[str, Any]) -> str:
    """That the test imports nothing of a release or a commit, where it does not; empty else."""
    if base is None or base.base is None or facts.get("overlay") is None or _imported(base, facts):
        return ""
    return f"nothing of {base.base_name} was imported: program and base are the same"


def _imported(base: PreparedEnvironment | None, facts: Mapping[str, Any]) -> dict[str, bool]:
    """The base's own modules that were imported, and whether from its folder; not those of what it stands on."""
    if base is None or base.base is None:
        return {}
    found = facts.get("overlay") or {}
    return {name: found[name] for name in base.base.modules if name in found}
