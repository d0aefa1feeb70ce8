"""Find Python X.Y on this machine: python-discovery where it is installed, the search path else, uv's download last."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_multicore.errors import EnvironmentUnavailable

from . import cache
from .blas_names import is_path
from .downloads import downloaded
from .probing import Interpreter, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Where version managers and CI runners put interpreters that they leave off the search path, or behind shims that
# refuse to run what is not activated.
INSTALLED_BY = (
    ("PYENV_ROOT", "~/.pyenv", "versions/*/bin"),
    ("MISE_DATA_DIR", "~/.local/share/mise", "installs/python/*/bin"),
    ("ASDF_DATA_DIR", "~/.asdf", "installs/python/*/bin"),
    ("RUNNER_TOOL_CACHE", "", "Python/*/*/bin"),
    ("AGENT_TOOLSDIRECTORY", "", "Python/*/*/bin"),
)


def find_interpreter(
    specs: Sequence[str],
    *,
    world: Mapping[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Interpreter:
    """Find the first of several interpreters.

    Args:
        specs: versions such as ``"3.9"``, what else python-discovery understands, or absolute paths, in order of
            preference; empty: the interpreter that runs this.
        world: variables to search by, ``os.environ`` unless told.
        progress: told before a download is tried.

    Raises:
        EnvironmentUnavailable: none of them is there, nor can be had; says where was looked and what to do.
    """
    if not specs:
        return _found_at(sys.executable)
    world = os.environ if world is None else world
    for spec in specs:
        found = probe(spec) if is_path(spec) else _searched(spec, world)
        if found:
            return found
    versions = [spec for spec in specs if not is_path(spec)]
    if not versions:
        raise _not_at(specs[0])
    found, reason = downloaded(versions, world, progress)
    if found is None:
        raise _not_found(specs, world, reason)
    return found


def _found_at(path: str) -> Interpreter:
    found = probe(path)
    if found is None:
        raise _not_at(path)
    return found


def _not_at(path: str) -> EnvironmentUnavailable:
    what = "it does not answer as a Python of 2.7 or 3.6 and later" if Path(path).exists() else "there is no such file"
    return EnvironmentUnavailable(f"interpreter {path}: {what}; expected the path of an interpreter that runs")


def _searched(spec: str, world: Mapping[str, str]) -> Interpreter | None:
    folders = search_folders(spec, world)
    # python-discovery refuses to ask a Python 2, and says so on standard error.
    return (None if spec.startswith("2") else _discovered(spec, folders, world)) or _on_path(spec, folders)


def search_folders(spec: str, world: Mapping[str, str]) -> list[str]:
    """Give the folders to look in: the search path, then those of version managers that hold such an interpreter."""
    managed = [
        str(folder)
        for variable, default, pattern in INSTALLED_BY
        for folder in sorted(_globbed(world.get(variable) or default, pattern), reverse=True)
        if (folder / _program(spec)).exists()
    ]
    return list(dict.fromkeys(world.get("PATH", os.defpath).split(os.pathsep) + managed))


def _globbed(base: str, pattern: str) -> list[Path]:
    return list(Path(base).expanduser().glob(pattern)) if base else []


def _program(spec: str) -> str:
    """Name the program of a version, ``python3.8``; anything more elaborate is looked for as ``python3``."""
    version = re.fullmatch(r"(?:cpython|python)?(\d+\.\d+)(?:\.\d+)?", spec)
    return f"python{version.group(1)}" if version else "python3"


def _discovered(spec: str, folders: list[str], world: Mapping[str, str]) -> Interpreter | None:
    try:
        from python_discovery import DiskCache, get_interpreter
    except ImportError:
        return None
    widened = {**world, "PATH": os.pathsep.join(folders)}
    info = get_interpreter(spec, cache=DiskCache(cache.root() / "interpreters"), env=widened)
    return probe(info.system_executable or info.executable) if info else None


def _on_path(spec: str, folders: list[str]) -> Interpreter | None:
    for folder in folders:
        program = shutil.which(_program(spec), path=folder)
        found = probe(program) if program else None
        if found and is_version(found, spec):
            return found
    return None


def is_version(interpreter: Interpreter, spec: str) -> bool:
    """Tell whether an interpreter is the X.Y or X.Y.Z that a specification asks for."""
    numbers = re.fullmatch(r"(?:cpython|python)?(\d+(?:\.\d+){0,2})", spec)
    if not numbers:
        return False
    asked = tuple(int(number) for number in numbers.group(1).split("."))
    return interpreter.version[: len(asked)] == asked


def _not_found(specs: Sequence[str], world: Mapping[str, str], download: str) -> EnvironmentUnavailable:
    versions, first = " or ".join(specs), next(spec for spec in specs if not is_path(spec))
    managers = ", ".join(
        f"${variable}" + (f" ({default})" if default else "") for variable, default, _pattern in INSTALLED_BY
    )
    return EnvironmentUnavailable(
        f"no Python {versions} found; install one ({_install_advice(first)}), or name another in the environment's "
        f"'python' in pyproject.toml. Looked {_searched_with()} on PATH and under {managers}; no download: {download}"
    )


def _searched_with() -> str:
    try:
        import python_discovery  # noqa: F401 - asked only whether it is there
    except ImportError:
        return "in folders only, for the package python-discovery is not installed (pip install python-discovery)"
    return "with python-discovery"


def _install_advice(spec: str) -> str:
    return f"pyenv install {spec}" if spec.startswith("2") else f"uv python install {spec}, or pyenv install {spec}"
