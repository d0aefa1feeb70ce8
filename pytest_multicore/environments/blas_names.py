"""The names of the BLAS libraries that can be chosen, and the packages that each needs."""

from __future__ import annotations

import os

from pytest_multicore.errors import UsageError

DEBIAN_ALTERNATIVES: dict[str, tuple[tuple[str, ...], str]] = {
    # name -> (folders below the linker's own, best first; the package that installs it)
    "reference": (("blas",), "libblas3"),
    "openblas-pthread": (("openblas-pthread",), "libopenblas0-pthread"),
    "openblas-openmp": (("openblas-openmp",), "libopenblas0-openmp"),
    "blis": (("blis-pthread", "blis-openmp"), "libblis4-pthread"),
}

BLAS_NAMES: tuple[str, ...] = ("scipy", "mkl", "system", "posted", *DEBIAN_ALTERNATIVES)


def is_path(choice: str) -> bool:
    """Distinguish a library's path from a name."""
    return os.sep in choice or "/" in choice


def check_choice(choice: str, where: str) -> str:
    """Return a BLAS choice, if it is valid.

    Args:
        choice: a name of `BLAS_NAMES` or the path of a shared library.
        where: the option or key that holds the choice, for the message.

    Raises:
        UsageError: it is neither.
    """
    if choice in BLAS_NAMES or is_path(choice):
        return choice
    raise UsageError(
        f"{where}: found {choice!r}, expected one of {', '.join(BLAS_NAMES)}, or the path of a shared library"
    )


def requirements_of(choice: str | None) -> tuple[str, ...]:
    """Return the packages that an environment needs for a BLAS choice."""
    # intel-openmp, the runtime of the INTEL threading layer, is a dependency of mkl.
    return ("mkl",) if choice == "mkl" else ()
