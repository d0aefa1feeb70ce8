"""The world as it was when pytest began, and what collecting the tests has changed of it since.

pytest imports test modules and conftest files to collect them. What such an import does to the process's affinity or to
a thread variable would reach every interpreter that is started later, and so tests of other files. Measured
interpreters start without it. What a test or a fixture changes later is meant for them, and stays.

plugin.py loads this with every pytest: it must be cheap.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .system import HAS_AFFINITY

#: Variables that are about threads: as in agent/watch/start_changes.py, which can't be imported.
THREAD_VARIABLE = re.compile(
    r"(OMP|GOMP|KMP(?!_DUP)|MKL|OPENBLAS|GOTO|BLIS|VECLIB|NUMBA|NUMEXPR|LOKY)_|\w+_N?THREADS(_NUM)?$|(PJRT_)?NPROC$|PYTHON_CPU_COUNT$"
)


@dataclass(frozen=True, slots=True)
class CollectionChange:
    """What one import of the collection changed.

    Attributes:
        by: the test module or conftest file that was imported, as pytest names it.
        what: ``affinity`` or ``variable NAME``.
        before, after: CPUs, or the variable's value; None where there was none.
        modules: those that were new after it: one of them did it.
    """

    by: str
    what: str
    before: Any
    after: Any
    modules: tuple[str, ...] = ()


@dataclass
class WorldAtStart:
    """The affinity and the thread variables of this process when pytest began, and their changes.

    Attributes:
        affinity: the CPUs that it might use then; None where the system does not say.
        variables: its thread variables.
        changes: what the collection changed, in order.
    """

    affinity: frozenset[int] | None
    variables: dict[str, str]
    changes: list[CollectionChange] = field(default_factory=list)
    _environ: dict[Any, Any] = field(default_factory=dict)
    _affinity: frozenset[int] | None = None
    _modules: int = 0

    @classmethod
    def now(cls) -> WorldAtStart:
        """This process's, at this moment."""
        world = cls(affinity_now(), variables_now(os.environ))
        world.look("")
        return world

    def take_variables_anew(self) -> None:
        """What plugins set before any conftest file is imported, like pytest-env, is the user's configuration."""
        self.variables = variables_now(os.environ)
        self.look("")

    def look(self, by: str) -> None:
        """Compare with the last look; ``by``: what was imported meanwhile, empty where nothing is to be noted."""
        environ, affinity = _raw_environ(), affinity_now()
        if by and (environ != self._environ or affinity != self._affinity):
            self._note(by, affinity)
        if environ != self._environ:
            self._environ = dict(environ)
        self._affinity, self._modules = affinity, len(sys.modules)

    def child_environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The variables with which a measured interpreter starts: without what the collection left in them."""
        variables = dict(environ)
        for name, left in self._left("variable ").items():
            if variables.get(name) != left:
                continue  # somebody has set it since, on purpose
            if name in self.variables:
                variables[name] = self.variables[name]
            else:
                variables.pop(name, None)
        return variables

    def child_affinity(self) -> frozenset[int] | None:
        """The CPUs that measured interpreters may run on; None: nothing is known of that here.

        It is this process's own, unless that is as the collection has left it.
        """
        now, left = affinity_now(), self._left("affinity")
        return self.affinity if left and left[""] == now else now

    def as_data(self) -> dict[str, Any]:
        """What a process that this one starts must know of it, as plain data."""
        changes = [
            {"by": change.by, "what": change.what, "before": _plain(change.before), "after": _plain(change.after)}
            for change in self.changes
        ]
        return {"affinity": _plain(self.affinity), "variables": dict(self.variables), "changes": changes}

    def adopt(self, parent: Mapping[str, Any]) -> None:
        """Begin where the process began that started this one; ``parent``: its ``as_data``."""
        if not parent["changes"]:
            return
        self.affinity = _frozen(parent["affinity"])
        self.variables = dict(parent["variables"])
        inherited = [
            CollectionChange(change["by"], change["what"], _frozen(change["before"]), _frozen(change["after"]))
            for change in parent["changes"]
        ]
        self.changes[:0] = inherited

    def _left(self, what: str) -> dict[str, Any]:
        """The states that the collection has left, by the variable's name."""
        return {change.what.removeprefix(what): change.after for change in self.changes if change.what.startswith(what)}

    def _note(self, by: str, affinity: frozenset[int] | None) -> None:
        new = tuple(list(sys.modules)[self._modules :])
        if affinity != self._affinity:
            self.changes.append(CollectionChange(by, "affinity", self._affinity, affinity, new))
        before, after = variables_now(_decoded(self._environ)), variables_now(os.environ)
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                change = CollectionChange(by, f"variable {name}", before.get(name), after.get(name), new)
                self.changes.append(change)


def variables_now(environ: Mapping[str, str]) -> dict[str, str]:
    """The thread variables among these."""
    return {name: value for name, value in environ.items() if THREAD_VARIABLE.match(name)}


def affinity_now() -> frozenset[int] | None:
    """The CPUs that this thread may run on; None where the system does not say."""
    return frozenset(os.sched_getaffinity(0)) if HAS_AFFINITY else None


def _plain(state: Any) -> Any:
    return sorted(state) if isinstance(state, frozenset) else state


def _frozen(state: Any) -> Any:
    return frozenset(state) if isinstance(state, list) else state


def _raw_environ() -> Any:
    """The dictionary behind os.environ: to compare it takes a microsecond."""
    return getattr(os.environ, "_data", os.environ)


def _decoded(raw: Mapping[Any, Any]) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in raw.items()}


def _text(value: Any) -> str:
    return os.fsdecode(value) if isinstance(value, bytes) else str(value)


WORLD = WorldAtStart.now()
