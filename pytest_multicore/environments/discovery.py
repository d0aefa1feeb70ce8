"""Find Python X.Y on this machine: with python-discovery if installed, on the search path, or by uv's download."""

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
from .downloads import download
from .probe import Interpreter, probe, running

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Where version managers and CI runners keep interpreters that are not on the search path, or only as shims that refuse
# to run while they are not activated.
VERSION_MANAGERS = (
    ("PYENV_ROOT", "~/.pyenv", "versions/*/bin"),
    ("MISE_DATA_DIR", "~/.local/share/mise", "installs/python/*/bin"),
    ("ASDF_DATA_DIR", "~/.asdf", "installs/python/*/bin"),
    ("RUNNER_TOOL_CACHE", "", "Python/*/*/bin"),
    ("AGENT_TOOLSDIRECTORY", "", "Python/*/*/bin"),
)


def find_interpreter(
    specs: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Interpreter:
    """Find the first of several interpreters.

    Args:
        specs: versions such as ``"3.9"``, other specifications of python-discovery, or absolute paths, best first;
            empty: the interpreter that runs this.
        environ: variables to search by; None: ``os.environ``.
        progress: called with a message before a download.

    Raises:
        EnvironmentUnavailable: none is installed, and none can be downloaded; says which places were searched.
    """
    if not specs:
        if interpreter := running():
            return interpreter
        raise _not_at(str(sys.executable))
    environ = os.environ if environ is None else environ
    for spec in specs:
        interpreter = probe(spec) if is_path(spec) else _search(spec, environ)
        if interpreter:
            return interpreter
    versions = [spec for spec in specs if not is_path(spec)]
    if not versions:
        raise _not_at(specs[0])
    interpreter, reason = download(versions, environ, progress)
    if interpreter is None:
        raise _not_found(specs, environ, reason)
    return interpreter


def _not_at(path: str) -> EnvironmentUnavailable:
    what = "it does not answer as a Python of 2.7 or 3.6 and later" if Path(path).exists() else "there is no such file"
    return EnvironmentUnavailable(f"interpreter {path}: {what}; expected the path of an interpreter that runs")


def _search(spec: str, environ: Mapping[str, str]) -> Interpreter | None:
    folders = search_folders(spec, environ)
    # python-discovery refuses to query a Python 2, and says so on standard error.
    return (None if spec.startswith("2") else _discover(spec, folders, environ)) or _on_path(spec, folders)


def search_folders(spec: str, environ: Mapping[str, str]) -> list[str]:
    """Return the folders to search: the search path, then those of version managers that hold such an interpreter."""
    managed = [
        str(folder)
        for variable, default, pattern in VERSION_MANAGERS
        for folder in sorted(_glob(environ.get(variable) or default, pattern), reverse=True)
        if (folder / _program(spec)).exists()
    ]
    return list(dict.fromkeys(environ.get("PATH", os.defpath).split(os.pathsep) + managed))


def _glob(base: str, pattern: str) -> list[Path]:
    # A user without a home folder has no default places; Path.expanduser would raise.
    return list(Path(os.path.expanduser(base)).glob(pattern)) if base else []


def _program(spec: str) -> str:
    """Return a version's program, ``python3.8``; for other specifications ``python3``."""
    version = re.fullmatch(r"(?:cpython|python)?(\d+\.\d+)(?:\.\d+)?", spec)
    return f"python{version.group(1)}" if version else "python3"


def _discover(spec: str, folders: list[str], environ: Mapping[str, str]) -> Interpreter | None:
    try:
        from python_discovery import DiskCache, get_interpreter
    except ImportError:
        return None
    search_environ = {**environ, "PATH": os.pathsep.join(folders)}
    info = get_interpreter(spec, cache=DiskCache(cache.root() / "interpreters"), env=search_environ)
    return probe(info.system_executable or info.executable) if info else None


def _on_path(spec: str, folders: list[str]) -> Interpreter | None:
    for folder in folders:
        program = shutil.which(_program(spec), path=folder)
        interpreter = probe(program) if program else None
        if interpreter and is_version(interpreter, spec):
            return interpreter
    return None


def is_version(interpreter: Interpreter, spec: str) -> bool:
    """Return whether an interpreter is the X.Y or X.Y.Z that a specification asks for."""
    numbers = re.fullmatch(r"(?:cpython|python)?(\d+(?:\.\d+){0,2})", spec)
    if not numbers:
        return False
    version = tuple(int(number) for number in numbers.group(1).split("."))
    return interpreter.version[: len(version)] == version


def _not_found(specs: Sequence[str], environ: Mapping[str, str], no_download: str) -> EnvironmentUnavailable:
    versions, first = " or ".join(specs), next(spec for spec in specs if not is_path(spec))
    managers = ", ".join(
        f"${variable}" + (f" ({default})" if default else "") for variable, default, _pattern in VERSION_MANAGERS
    )
    return EnvironmentUnavailable(
        f"no Python {versions} found; install one ({_install_advice(first)}), or name another in the environment's "
        f"'python' in pyproject.toml. Looked {_search_method()} on PATH and under {managers}; "
        f"no download: {no_download}"
    )


def _search_method() -> str:
    try:
        import python_discovery  # noqa: F401 - asked only whether it is there
    except ImportError:
        return "in folders only, for the package python-discovery is not installed (pip install python-discovery)"
    return "with python-discovery"


def _install_advice(spec: str) -> str:
    return f"pyenv install {spec}" if spec.startswith("2") else f"uv python install {spec}, or pyenv install {spec}"
