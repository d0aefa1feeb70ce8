"""Find the BLAS that was chosen, and say how it is linked and where it is loaded from.

Two things come of a choice: flags for programs that link a BLAS themselves (Theano, PyTensor), and a folder for the
loader's search path. A program that carries its own BLAS, as PyPI's NumPy does, heeds neither: the selection says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_multicore.errors import EnvironmentUnavailable, UsageError

from . import blas_names
from . import shared_libraries as libraries

if TYPE_CHECKING:
    from .provision import Provisioned

POSTED_FLAGS = "-lblas -lgfortran"
CARRIED_BY_NUMPY = ("numpy.libs/lib*blas*", "numpy/.libs/lib*blas*")
CARRIED_BY_SCIPY = ("scipy.libs/lib*blas*", "scipy/.libs/lib*blas*")


@dataclass(frozen=True, slots=True)
class BlasSelection:
    """A BLAS that was found.

    Attributes:
        name: what was chosen; ``"as found"`` when nothing was.
        directory: the folder that holds it; None: the system's own places.
        library: its file; None when only the linker knows.
        ldflags: what links it, for Theano's ``blas.ldflags``; None: left as it is.
        library_path: what goes first on the loader's search path; None: nothing.
        note: what its user should know; may be empty.
        carried_by_numpy: the library that the environment's NumPy brings along and goes on using; may be empty.
    """

    name: str
    directory: Path | None = None
    library: Path | None = None
    ldflags: str | None = None
    library_path: str | None = None
    note: str = ""
    carried_by_numpy: str = ""


def select(choice: str | None, provisioned: Provisioned) -> BlasSelection:
    """Find a BLAS.

    Args:
        choice: one of `blas_names.BLAS_NAMES`, the path of a shared library, or None: leave as is.
        provisioned: the environment that is to use it.

    Returns:
        The selection. For Theano and PyTensor's C linker its ``ldflags`` decide. For others only ``library_path`` is
        left, which has no effect on a NumPy from PyPI, for that carries its own BLAS (``carried_by_numpy``).

    Raises:
        UsageError: no such choice.
        EnvironmentUnavailable: it is not there; says what was looked for and what to install.
    """
    if choice is None:
        return BlasSelection("as found")
    blas_names.checked(choice, "blas")
    if blas_names.is_path(choice):
        selection = _at_path(choice)
    elif choice in blas_names.DEBIAN_ALTERNATIVES:
        selection = _debian(choice)
    else:
        selection = {"scipy": _scipy, "mkl": _mkl, "system": _system, "posted": _posted}[choice](provisioned)
    return _with_what_numpy_carries(selection, provisioned)


def _in_folder(name: str, library: Path, note: str = "") -> BlasSelection:
    folder = library.parent
    if any(character.isspace() for character in str(library)):
        raise EnvironmentUnavailable(
            f"blas {name!r}: found {library}, expected a path without spaces: Theano splits its link flags at them. "
            "Move it, or the cache folder (PYTEST_MULTICORE_CACHE)"
        )
    return BlasSelection(name, folder, library, f"-L{folder} -l:{library.name}", str(folder), note)


def _at_path(choice: str) -> BlasSelection:
    library = Path(choice).expanduser().absolute()
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
        looked = ", ".join(str(folder / "libblas.so.3") for folder in folders)
        raise EnvironmentUnavailable(f"blas {choice!r}: none of {looked} is there; apt-get install {package}")
    return _in_folder(choice, library)


def _scipy(provisioned: Provisioned) -> BlasSelection:
    library = libraries.first_match([provisioned.site_packages], CARRIED_BY_SCIPY)
    if library is None:
        looked = " or ".join(str(provisioned.site_packages / pattern) for pattern in CARRIED_BY_SCIPY)
        raise EnvironmentUnavailable(
            f"blas 'scipy': no {looked}; expected a SciPy from a wheel of PyPI. Add scipy to the environment's "
            "'requires', or choose another BLAS"
        )
    note = _unlinkable(library)
    selection = _in_folder("scipy", library, note)
    return replace(selection, ldflags=None) if note else selection


def _unlinkable(library: Path) -> str:
    """Say why a program that asks for ``dgemm_`` cannot be linked with a library; an empty string when it can."""
    if libraries.has_symbol(library, "dgemm_"):
        return ""
    return f"{library.name} holds no plain dgemm_: Theano and PyTensor's C linker cannot use it"


def _mkl(provisioned: Provisioned) -> BlasSelection:
    folder = provisioned.prefix / "lib"
    library = libraries.first_match([folder], ["libmkl_rt.so.*", "libmkl_rt.so", "libmkl_rt*.dylib"])
    if library is None:
        raise EnvironmentUnavailable(
            f"blas 'mkl': no {folder / 'libmkl_rt.so.*'}; expected PyPI's package mkl in this environment: "
            f"{provisioned.python} -m pip install mkl"
        )
    return _in_folder("mkl", library)


def _system(_provisioned: Provisioned) -> BlasSelection:
    library = libraries.loader_finds("libblas.so.3")
    if not libraries.link_error("-lblas"):
        return BlasSelection("system", library=library, ldflags="-lblas")
    if library is None:
        raise EnvironmentUnavailable(
            "blas 'system': the linker finds no -lblas and the loader no libblas.so.3; "
            "apt-get install libopenblas-dev, or choose another BLAS"
        )
    # Without a -dev package there is no libblas.so to link, but the loader's file serves as well.
    flags = f"-L{library.parent} -l:{library.name}"
    return BlasSelection("system", library.parent, library, flags, note=f"libblas.so.3 is {library.resolve()}")


def _posted(provisioned: Provisioned) -> BlasSelection:
    error = libraries.link_error(POSTED_FLAGS)
    if not error:
        library = libraries.loader_finds("libblas.so.3")
        return BlasSelection("posted", library=library, ldflags=POSTED_FLAGS, note="linked as posted")
    note = f"this system cannot link {POSTED_FLAGS} as posted ({error}): SciPy's BLAS in its place"
    return replace(_scipy(provisioned), name="scipy", note=note)


def _with_what_numpy_carries(selection: BlasSelection, provisioned: Provisioned) -> BlasSelection:
    carried = libraries.first_match([provisioned.site_packages], CARRIED_BY_NUMPY)
    return selection if carried is None else replace(selection, carried_by_numpy=carried.name)
