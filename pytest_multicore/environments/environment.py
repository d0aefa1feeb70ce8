"""What an environment is: an interpreter, its packages, its BLAS and its variables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .blas_names import requirements_of

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The frameworks that can run each built-in workload.
WORKLOAD_FRAMEWORKS = {
    "dot": ("numpy", "theano", "pytensor", "torch", "jax", "tensorflow"),
    "fit": ("numpy", "keras", "torch", "jax", "sklearn"),
}

#: What a package of ``requires`` makes the built-in workloads run on. Of several packages the first in this order
#: counts. scikit-learn is none of them: it stands beside NumPy, and who wants its ``fit`` says so.
FRAMEWORKS_OF_PACKAGES: Mapping[str, Mapping[str, str]] = {
    "keras": {"fit": "keras"},
    "theano": {"dot": "theano"},
    "theano-pymc": {"dot": "theano"},
    "pytensor": {"dot": "pytensor"},
    "torch": {"dot": "torch", "fit": "torch"},
    "jax": {"dot": "jax", "fit": "jax"},
    "tensorflow": {"dot": "tensorflow"},
    "tensorflow-cpu": {"dot": "tensorflow"},
}
ON_NUMPY: Mapping[str, str] = {"dot": "numpy", "fit": "numpy"}


@dataclass(frozen=True, slots=True)
class Environment:
    """An interpreter, its packages, its BLAS and its variables.

    Attributes:
        name: its name in options and markers.
        python: interpreters, best first, each a version such as ``"3.9"`` or an absolute path; empty: the one that runs
            pytest.
        requires: packages to install, as pip takes them; empty: the interpreter is used as it is, nothing is built.
        env: variables of its children.
        theano_flags: flags of its children, for Theano (THEANO_FLAGS) or PyTensor (PYTENSOR_FLAGS).
        blas: a name of `blas_names.BLAS_NAMES`, the path of a library, or None: the one that the environment loads.
        frameworks: built-in workload -> framework that runs it, e.g. ``{"dot": "theano", "fit": "keras"}``; where it is
            empty it is inferred from ``requires``.
    """

    name: str
    python: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    theano_flags: Mapping[str, str] = field(default_factory=dict)
    blas: str | None = None
    frameworks: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.frameworks:
            object.__setattr__(self, "frameworks", infer_frameworks(self.requires))

    @property
    def installs(self) -> tuple[str, ...]:
        """All packages to install: ``requires``, and what the BLAS needs. Empty when nothing is to be built."""
        if not self.requires:
            return ()
        of_blas = (requirement for requirement in requirements_of(self.blas) if requirement not in self.requires)
        return (*self.requires, *of_blas)


def package_name(requirement: str) -> str:
    """Return a requirement's normalized package name: ``Theano==1.0.5`` -> ``theano``."""
    match = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", requirement)
    return re.sub(r"[-_.]+", "-", match.group(1)).lower() if match else ""


def infer_frameworks(requires: tuple[str, ...]) -> dict[str, str]:
    """Return the framework that runs each built-in workload in an environment with these packages.

    Without any of FRAMEWORKS_OF_PACKAGES it is NumPy. An environment of a framework is not taken to hold NumPy for the
    workload that the framework lacks; Keras alone brings NumPy.
    """
    names = {package_name(requirement) for requirement in requires}
    found: dict[str, str] = {}
    for package, frameworks in FRAMEWORKS_OF_PACKAGES.items():
        if package in names:
            found = {**frameworks, **found}
    return found if "dot" in found else {**ON_NUMPY, **found}
