"""Find the BLAS that was chosen, how it is linked and where it is loaded from.

A choice results in flags for programs that link a BLAS themselves (Theano, PyTensor), and in a folder for the loader's
search path. Neither affects a program that carries its own BLAS, as PyPI's NumPy does: the selection says so.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_multicore.errors import EnvironmentUnavailable, UsageError

from . import blas_names
from . import shared_libraries as libraries

if TYPE_CHECKING:
    from .provision import Installation

POSTED_FLAGS = "-lblas -lgfortran"
NUMPY_BLAS_PATTERNS = ("numpy.libs/lib*blas*", "numpy/.libs/lib*blas*")
SCIPY_BLAS_PATTERNS = ("scipy.libs/lib*blas*", "scipy/.libs/lib*blas*")


@dataclass(frozen=True, slots=True)
class BlasSelection:
    """A BLAS and how to use it.

    Attributes:
        name: the choice; ``"as found"`` where none was made.
        directory: the folder that holds it; None: one of the system's own folders.
        library: its file; None where only the linker knows it.
        ldflags: flags that link it, for Theano's ``blas.ldflags``; None: the flags are not changed.
        library_path: a folder to put first on the loader's search path; None: none.
        note: what its user should know; may be empty.
        carried_by_numpy: the library that the environment's NumPy carries and keeps using; may be empty.
    """

    name: str
    directory: Path | None = None
    library: Path | None = None
    ldflags: str | None = None
    library_path: str | None = None
    note: str = ""
    carried_by_numpy: str = ""


def select(choice: str | None, installation: Installation) -> BlasSelection:
    """Find a BLAS.

    Args:
        choice: one of `blas_names.BLAS_NAMES`, the path of a shared library, or None: change nothing.
        installation: the environment that will use it.

    Returns:
        The selection. For Theano and PyTensor's C linker its ``ldflags`` decide. For all others only ``library_path``
        is left, which does not affect a NumPy from PyPI: that carries its own BLAS (``carried_by_numpy``).

    Raises:
        UsageError: there is no such choice.
        EnvironmentUnavailable: the BLAS is not installed; names the files that were looked for and what to install.
    """
    if choice is None:
        return BlasSelection("as found")
    blas_names.check_choice(choice, "blas")
    if blas_names.is_path(choice):
        selection = _at_path(choice)
    elif choice in blas_names.DEBIAN_ALTERNATIVES:
        selection = _debian(choice)
    else:
        selection = {"scipy": _scipy, "mkl": _mkl, "system": _system, "posted": _posted}[choice](installation)
    return _with_numpy_blas(selection, installation)


def _in_folder(name: str, library: Path, note: str = "") -> BlasSelection:
    folder = library.parent
    if any(character.isspace() for character in str(library)):
        raise EnvironmentUnavailable(
            f"blas {name!r}: found {library}, expected a path without spaces: Theano splits its link flags at them. "
            "Move it, or the cache folder (PYTEST_MULTICORE_CACHE)"
        )
    return BlasSelection(name, folder, library, f"-L{folder} -l:{library.name}", str(folder), note)


def _at_path(choice: str) -> BlasSelection:
    library = Path(os.path.expanduser(choice)).absolute()
    if not library.is_file():
        raise UsageError(f"blas {choice!r}: no such file; expected the path of a shared library")
    if library.read_bytes()[:4] != b"\x7fELF" and library.suffix != ".dylib":
        raise UsageError(f"blas {choice!r}: found a file that is no shared library; expected one")
    return _in_folder(choice, library, _unlinkable(library))


def _debian(choice: str) -> BlasSelection:
    names, package = blas_names.DEBIAN_ALTERNATIVES[choice]
    folders = [folder / name for name in names for folder in libraries.library_folders()]
    library = libraries.first_match(folders, ["libblas.so.3"])
    if library is None:
        paths = ", ".join(str(folder / "libblas.so.3") for folder in folders)
        raise EnvironmentUnavailable(f"blas {choice!r}: none of {paths} is there; apt-get install {package}")
    return _in_folder(choice, library)


def _scipy(installation: Installation) -> BlasSelection:
    library = libraries.first_match([installation.site_packages], SCIPY_BLAS_PATTERNS)
    if library is None:
        paths = " or ".join(str(installation.site_packages / pattern) for pattern in SCIPY_BLAS_PATTERNS)
        raise EnvironmentUnavailable(
            f"blas 'scipy': no {paths}; expected a SciPy from a wheel of PyPI. Add scipy to the environment's "
            "'requires', or choose another BLAS"
        )
    note = _unlinkable(library)
    selection = _in_folder("scipy", library, note)
    return replace(selection, ldflags=None) if note else selection


def _unlinkable(library: Path) -> str:
    """Say why a program that calls ``dgemm_`` cannot be linked with a library; an empty string when it can."""
    if libraries.has_symbol(library, "dgemm_"):
        return ""
    return f"{library.name} holds no plain dgemm_: Theano and PyTensor's C linker cannot use it"


def _mkl(installation: Installation) -> BlasSelection:
    folder = installation.prefix / "lib"
    library = libraries.first_match([folder], ["libmkl_rt.so.*", "libmkl_rt.so", "libmkl_rt*.dylib"])
    if library is None:
        raise EnvironmentUnavailable(
            f"blas 'mkl': no {folder / 'libmkl_rt.so.*'}; expected PyPI's package mkl in this environment: "
            f"{installation.python} -m pip install mkl"
        )
    return _in_folder("mkl", library)


def _system(_installation: Installation) -> BlasSelection:
    library = libraries.loader_finds("libblas.so.3")
    if not libraries.link_error("-lblas"):
        return BlasSelection("system", library=library, ldflags="-lblas")
    if library is None:
        raise EnvironmentUnavailable(
            "blas 'system': the linker finds no -lblas and the loader no libblas.so.3; "
            "apt-get install libopenblas-dev, or choose another BLAS"
        )
    # Without a -dev package there is no libblas.so to link; the loader's file does as well.
    flags = f"-L{library.parent} -l:{library.name}"
    return BlasSelection("system", library.parent, library, flags, note=f"libblas.so.3 is {library.resolve()}")


def _posted(installation: Installation) -> BlasSelection:
    error = libraries.link_error(POSTED_FLAGS)
    if not error:
        library = libraries.loader_finds("libblas.so.3")
        return BlasSelection("posted", library=library, ldflags=POSTED_FLAGS, note="linked as posted")
    note = f"this system cannot link {POSTED_FLAGS} as posted ({error}): SciPy's BLAS in its place"
    return replace(_scipy(installation), name="scipy", note=note)


def _with_numpy_blas(selection: BlasSelection, installation: Installation) -> BlasSelection:
    carried = libraries.first_match([installation.site_packages], NUMPY_BLAS_PATTERNS)
    return selection if carried is None else replace(selection, carried_by_numpy=carried.name)
