"""The workload that is measured: a built-in experiment, a function named by module or file, or a callable."""

from __future__ import annotations

import inspect
import json
import os
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_multicore.environments.environment import WORKLOAD_FRAMEWORKS
from pytest_multicore.errors import UsageError

_FORMS = "expected 'dot', 'fit', 'module:function', 'file.py:function' or a function"

AnyWorkload = str | Callable[..., object]


@dataclass(frozen=True, slots=True)
class Workload:
    """A function that the child can find by name, and its arguments.

    Attributes:
        label: its name in reports.
        target: its name for the child (agent/runner.py lists the forms).
        arguments: JSON values by keyword.
    """

    label: str
    target: str
    arguments: Mapping[str, Any]

    def __str__(self) -> str:
        """The label with the arguments, as reports show it."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.label} ({arguments})" if arguments else self.label


def resolve(
    workload: AnyWorkload,
    arguments: Mapping[str, Any],
    frameworks: Mapping[str, str],
    framework: str | None,
    folder: Path,
) -> Workload:
    """The workload that a test names.

    Args:
        workload: ``"dot"``, ``"fit"``, ``"module:function"``, ``"file.py:function"`` or a callable.
        arguments: its arguments.
        frameworks: the environment's framework for each built-in experiment.
        framework: the user's own choice of it, or None.
        folder: relative file paths start here.

    Raises:
        UsageError: there is no such workload, or the child could not find it.
    """
    arguments = {name: _plain(workload, name, value) for name, value in arguments.items()}
    if callable(workload):
        return _from_callable(workload, arguments)
    if not isinstance(workload, str):
        raise UsageError(f"the workload {workload!r} is none: {_FORMS}")
    if workload in WORKLOAD_FRAMEWORKS:
        return _built_in(workload, arguments, frameworks, framework)
    module, colon, function = workload.rpartition(":")
    if not colon or not module or not function:
        raise UsageError(f"the workload {workload!r} is none: {_FORMS}")
    if module.endswith(".py"):
        return _from_file((folder / module).resolve(), function, arguments)
    return Workload(workload, workload, arguments)


def name_of(workload: object) -> str:
    """A workload's name before it is resolved; a function is named by module and name, not by its address."""
    if callable(workload):
        return f"{getattr(workload, '__module__', '?')}:{getattr(workload, '__qualname__', '?')}"
    return str(workload)


def _plain(workload: object, name: str, value: object) -> object:
    """An argument that the child can be sent: the value; where that has no repr, as the child gets it.

    Raises:
        UsageError: JSON cannot carry it.
    """
    try:
        carried: object = json.loads(json.dumps(value, allow_nan=False))
    except Exception:  # what its methods raise, too
        raise UsageError(
            f"{name_of(workload)}: {name}={_shown(value)} ({type(value).__name__}) cannot be handed to another "
            "interpreter: expected numbers, strings, booleans, None, lists or dicts; int() or .tolist() make some"
        ) from None
    return value if _has_repr(value) else carried


def _shown(value: object) -> str:
    """A value's repr, or Python's own of an object where its methods raise."""
    return repr(value) if _has_repr(value) else object.__repr__(value)


def _has_repr(value: object) -> bool:
    try:
        repr(value)
    except Exception:  # whatever a class of the user's raises
        return False
    return True


def import_path(same_interpreter: bool) -> list[str]:
    """The folders that the child puts at the front of its own search path, in order.

    The same interpreter gets this process's whole path; another interpreter gets the project's folders only, and never
    this interpreter's packages.
    """
    folders = [os.path.abspath(entry or os.curdir) for entry in sys.path]
    existing = filter(os.path.isdir, folders)
    return [folder for folder in existing if same_interpreter or not _belongs_to_python(folder)]


def _built_in(
    name: str, arguments: Mapping[str, Any], frameworks: Mapping[str, str], framework: str | None
) -> Workload:
    chosen = framework or frameworks.get(name)
    if chosen not in WORKLOAD_FRAMEWORKS[name]:
        reason = f"framework={framework!r}" if framework else "this environment brings none of them"
        raise UsageError(
            f"the experiment {name!r} exists for {', '.join(WORKLOAD_FRAMEWORKS[name])}; found: {reason}. "
            f"Name one, framework={WORKLOAD_FRAMEWORKS[name][0]!r} say, or choose another environment"
        )
    return Workload(f"{name} on {chosen}", f"builtin:{name}_{chosen}", arguments)


def _from_file(file: Path, function: str, arguments: Mapping[str, Any]) -> Workload:
    if not file.is_file():
        raise UsageError(f"the workload's file {file} does not exist; give a path from the project's root folder")
    return Workload(f"{file.name}:{function}", f"{file}:{function}", arguments)


def _from_callable(function: Callable[..., object], arguments: Mapping[str, Any]) -> Workload:
    name = getattr(function, "__qualname__", None)
    module = getattr(function, "__module__", None)
    if not name or not module or "<" in name or inspect.ismethod(function):
        raise UsageError(
            f"{function!r} cannot be found by name in another interpreter: expected a module's top-level function; "
            "move it there, or name it as 'module:function' or 'file.py:function'"
        )
    if not _name_leads_to(function, module, name):
        raise UsageError(
            f"{function!r} calls itself {module}:{name}, and another function is found by that name (a wrapper takes "
            "the name of what it wraps): name the one that is meant as 'module:function' or 'file.py:function'"
        )
    try:
        file = Path(inspect.getsourcefile(function) or "")
    except TypeError:
        return Workload(f"{module}:{name}", f"{module}:{name}", arguments)
    if _can_be_imported(module, file):
        return Workload(f"{module}:{name}", f"{module}:{name}", arguments)
    return Workload(f"{file.name}:{name}", f"{file.resolve()}:{name}", arguments)


def _name_leads_to(function: Callable[..., object], module: str, name: str) -> bool:
    """Whether the name leads to this function; True where its module is not loaded here."""
    value: object = sys.modules.get(module)
    if value is None:
        return True
    for part in name.split("."):
        value = getattr(value, part, None)
    return value is function


def _can_be_imported(module: str, file: Path) -> bool:
    """Whether an import of this name finds this file; it does not for test modules of importlib mode."""
    parts = module.split(".")
    steps = len(parts) + (file.name == "__init__.py")
    if module == "__main__" or len(file.parents) < steps:
        return False
    root = file.parents[steps - 1]
    return file.stem in (parts[-1], "__init__") and any(
        Path(entry or os.curdir).resolve() == root for entry in sys.path
    )


def _belongs_to_python(folder: str) -> bool:
    """Whether a folder is part of this interpreter: standard library or installed packages."""
    own = {sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
    inside = Path(folder).resolve()
    roots = [Path(path).resolve() for path in own if path] + [Path(sys.base_prefix, "lib").resolve()]
    return any(inside == root or root in inside.parents for root in roots) or inside.name in (
        "site-packages",
        "dist-packages",
    )
