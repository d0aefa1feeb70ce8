"""The BLAS libraries that can be asked for by name, and what each asks of an environment."""

from __future__ import annotations

import os

from pytest_multicore.errors import UsageError

DEBIAN_ALTERNATIVES: dict[str, tuple[tuple[str, ...], str]] = {
    # name -> (folders beside the linker's own, first choice first; the package that brings it)
    "reference": (("blas",), "libblas3"),
    "openblas-pthread": (("openblas-pthread",), "libopenblas0-pthread"),
    "openblas-openmp": (("openblas-openmp",), "libopenblas0-openmp"),
    "blis": (("blis-pthread", "blis-openmp"), "libblis4-pthread"),
}

BLAS_NAMES: tuple[str, ...] = ("scipy", "mkl", "system", "posted", *DEBIAN_ALTERNATIVES)


def is_path(choice: str) -> bool:
    """Tell a library's path from a name."""
    return os.sep in choice or "/" in choice


def checked(choice: str, where: str) -> str:
    """Give a BLAS choice back if it is one.

    Args:
        choice: a name of `BLAS_NAMES` or the path of a shared library.
        where: who asked, for the message.

    Raises:
        UsageError: neither.
    """
    if choice in BLAS_NAMES or is_path(choice):
        return choice
    raise UsageError(
        f"{where}: found {choice!r}, expected one of {', '.join(BLAS_NAMES)}, or the path of a shared library"
    )


def requirements_of(choice: str | None) -> tuple[str, ...]:
    """Give the packages that an environment must hold for a BLAS choice."""
    # mkl brings intel-openmp, the runtime of its INTEL threading layer, as a dependency.
    return ("mkl",) if choice == "mkl" else ()
