"""What importing packages changes in a bare interpreter: thread variables, affinity, pools, the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_multicore.environments.threads import THREAD_VARIABLES
from pytest_multicore.environments.variables import ChildVariables
from pytest_multicore.settings.world_at_start import THREAD_VARIABLE

from .prepared_environment import PreparedEnvironment
from .workload import import_path

#: Seconds that all imports together may take.
IMPORT_TIMEOUT_S = 600.0
POOL = "pool "


@dataclass(frozen=True, slots=True)
class ImportTrace:
    """One change that an import leaves.

    Attributes:
        package: what was imported.
        module: the innermost module whose code did it; empty where none was being loaded.
        what: ``variable NAME``, ``affinity``, ``pool API``, ``dynamic API``, ``levels API`` or ``gil``.
        before, after: the states; None where there was none.
        place: the line that did it, ``file.py:3 in function``; empty where it was not seen.
    """

    package: str
    module: str
    what: str
    before: Any
    after: Any
    place: str = ""

    @property
    def name(self) -> str:
        """What may be allowed by this name: the variable's, or the kind of change."""
        return self.what.removeprefix("variable ")

    def __str__(self) -> str:
        where = f" ({self.place})" if self.place else ""
        who = f"importing {self.package}"
        if self.module and self.module != self.package:
            who += f": {self.module}"
        return f"{who} {self._did()}{where}"

    def _did(self) -> str:
        if self.what.startswith("variable "):
            return f"sets {self.name}={self.after}" if self.after is not None else f"removes {self.name}"
        if self.what == "affinity":
            return f"sets the affinity to CPUs {_listed(self.after)} (of {_listed(self.before)})"
        if self.what == "gil":
            return f"switches the interpreter's lock {'on' if self.after else 'off'}"
        before = "" if self.before is None else f" (from {self.before})"
        kind, _, api = self.what.partition(" ")
        if kind == "pool":
            return f"sets the pool of {api} to {self.after} threads{before}"
        setting = {"dynamic": "whether it may take fewer threads", "levels": "its nested levels"}[kind]
        return f"sets, of {api}, {setting}: {self.after}{before}"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What came of importing packages.

    Attributes:
        traces: what they left changed.
        failures: packages that cannot be imported, and why.
        gil_modules: extension modules that do not declare that they run without the interpreter's lock; None in a
            build of Python that is not free-threaded, whose modules do not tell.
        python: the interpreter's version.
        gil: whether its lock was on at the end; None where it does not say.
    """

    traces: tuple[ImportTrace, ...]
    failures: Mapping[str, str]
    gil_modules: tuple[str, ...] | None
    python: str
    gil: bool | None


def import_in_bare_interpreter(
    prepared: PreparedEnvironment, packages: Sequence[str], path: Sequence[str] | None = None
) -> ImportResult:
    """Import packages in an interpreter of their own, without any thread variable, and tell what they leave changed.

    Args:
        prepared: where.
        packages: full names of modules, imported in this order.
        path: folders for the front of its search path; None: those that measured functions get.

    Raises:
        MulticoreError: the interpreter could not be started, or ended.
    """
    folders = import_path(prepared.installation.is_current) if path is None else list(path)
    with prepared.open(_bare(prepared.variables(None, {}, {})), priority="off") as interpreter:
        answer = interpreter.ask("imports", "imported", IMPORT_TIMEOUT_S, names=list(packages), path=folders)
        facts = interpreter.ask("facts", "facts", IMPORT_TIMEOUT_S, variables=[])
    gil_modules = answer["gil_modules"]
    return ImportResult(
        traces=tuple(_traces(answer)),
        failures=answer["failures"],
        gil_modules=None if gil_modules is None else tuple(gil_modules),
        python=str(facts["python"]),
        gil=facts["gil"],
    )


def _bare(started: ChildVariables) -> ChildVariables:
    """Without thread variables: a package that sets one only where it is unset leaves a trace, too."""
    variables = {
        name: value
        for name, value in started.variables.items()
        if name not in THREAD_VARIABLES and not THREAD_VARIABLE.match(name)
    }
    return ChildVariables(variables, started.set, started.overridden)


def _traces(answer: Mapping[str, Any]) -> Iterator[ImportTrace]:
    """Each change but the loading of pools; what was changed back in the same import is none."""
    calls = answer["setters"]
    last: dict[tuple[str, str | None], Mapping[str, Any]] = {}
    for change in answer["changes"]:
        if change["what"].startswith(POOL) and change["before"] is None:
            continue
        key = (change["what"], change["path"])
        last[key] = {**change, "before": last[key]["before"] if key in last else change["before"]}
    for change in last.values():
        if change["before"] != change["after"]:
            yield _trace(change, _place(calls, change["what"], change["after"]))
    # Pools that cannot be asked while modules are imported: who set one is known by the call.
    seen = {what for what, _ in last}
    for call in {call["what"]: call for call in calls if call["what"].startswith(POOL)}.values():
        if call["what"] not in seen and call["value"] is not None:
            yield _trace({**call, "before": None, "after": call["value"]}, _place(calls, call["what"], call["value"]))


def _trace(change: Mapping[str, Any], place: str) -> ImportTrace:
    package = (change["step"] or "").removeprefix("import of ")
    return ImportTrace(package, change["module"] or "", change["what"], change["before"], change["after"], place)


def _place(calls: Sequence[Mapping[str, Any]], what: str, value: Any) -> str:
    for call in reversed(calls):
        if call["what"] == what and call["value"] == value:
            return f"{os.sep.join(call['file'].split(os.sep)[-2:])}:{call['line']} in {call['function']}"
    return ""


def _listed(cpus: Sequence[int] | None) -> str:
    return ", ".join(map(str, cpus or ())) or "none"
