"""The environments by name: those that are shipped, and a project's own, which replace them."""

from __future__ import annotations

import os
import re
import shutil
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_multicore.errors import UsageError

from .blas_names import is_path
from .environment import Environment
from .project_environments import environments_in, table_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["CURRENT", "SHIPPED_ENVIRONMENTS", "Environment", "at_path", "find", "load"]

CURRENT = Environment("current")

#: What find_interpreter takes beside a path: 3.12, python3.12, pypy3.10, 3.13t, >=3.12 and the like.
SPECIFICATION = re.compile(r"(?!$)(py|c?python|pypy|graalpy)?(\d[\w.-]*|\s*[<>=~!].*)?", re.IGNORECASE)

#: Pythons that the frameworks of today have wheels for.
TODAY = ("3.13", "3.12", "3.11")
TORCH = ("torch>=2.13,<3",)
JAX = ("jax>=0.7,<1",)
TENSORFLOW = (
    "tensorflow-cpu>=2.20,<3; platform_machine == 'x86_64' or platform_machine == 'AMD64'",
    "tensorflow>=2.20,<3; platform_machine != 'x86_64' and platform_machine != 'AMD64'",
)
KERAS = "keras>=3.12,<4"

SHIPPED_ENVIRONMENTS: Mapping[str, Environment] = MappingProxyType(
    {
        environment.name: environment
        for environment in (
            CURRENT,
            # The last Theano and the last Keras that runs on it. Keras 2.3.1 imports protobuf and h5py undeclared.
            Environment(
                "theano",
                python=("3.9", "3.8"),
                requires=(
                    "Theano==1.0.5",
                    "Keras==2.3.1",
                    "numpy==1.21.6",
                    "scipy==1.10.1",
                    "protobuf<4",
                    "h5py",
                ),
                env={"KERAS_BACKEND": "theano"},
                blas="scipy",
            ),
            # The stack of April 2016, when keras-team/keras#2544 was posted, with the post's BLAS flags.
            Environment(
                "theano-2016",
                python=("2.7",),
                requires=("numpy==1.11.0", "scipy==0.17.0", "Theano==0.8.1", "Keras==1.0.1"),
                env={"KERAS_BACKEND": "theano"},
                blas="posted",
            ),
            Environment("pytensor", requires=("pytensor>=2.31,<4",)),
            # PyPI's wheel for x86-64 Linux loads NVIDIA's libraries when it is imported, without a GPU too.
            Environment("torch", python=TODAY, requires=(*TORCH, "numpy")),
            # The last release whose wheel holds those libraries itself: a third of the download.
            Environment("torch-1", python=("3.10", "3.9", "3.8"), requires=("torch==1.12.1", "numpy<2")),
            Environment("jax", python=TODAY, requires=JAX),
            Environment("tensorflow", python=TODAY, requires=TENSORFLOW),
            Environment(
                "scikit-learn",
                python=TODAY,
                requires=("scikit-learn>=1.7,<2",),
                frameworks={"dot": "numpy", "fit": "sklearn"},
            ),
            *(
                Environment(
                    f"keras-{backend}",
                    python=TODAY,
                    requires=(KERAS, *requires),
                    # Keras takes a GPU where the framework finds one; the question is about the CPU's cores.
                    env={"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "-1"},
                )
                for backend, requires in (("torch", TORCH), ("jax", JAX), ("tensorflow", TENSORFLOW))
            ),
        )
    }
)


def find(name: str, rootdir: Path) -> Environment:
    """Find an environment by name, among the shipped ones and those of ``rootdir/pyproject.toml``.

    Raises:
        UsageError: the name is unknown, or the file declares an environment wrongly.
    """
    environments = load(rootdir)
    if name not in environments:
        raise UsageError(
            f"environment {name!r} is not known; expected one of {', '.join(sorted(environments))}, "
            f"or a table [{table_of(name)}] in {rootdir / 'pyproject.toml'}"
        )
    return environments[name]


def load(rootdir: Path) -> dict[str, Environment]:
    """Return every environment by name. Those of ``rootdir/pyproject.toml`` replace shipped ones of the same name.

    Raises:
        UsageError: the file declares an environment wrongly.
    """
    return {**SHIPPED_ENVIRONMENTS, **environments_in(rootdir / "pyproject.toml")}


def at_path(python: str) -> Environment:
    """Return the environment of one interpreter, used as it is: ``--multicore-python=PATH``.

    Args:
        python: an interpreter's path, or a program in the working folder or on PATH, or another value of
            ``environments.NAME.python``, e.g. ``"3.12"``.

    Raises:
        UsageError: it is a word, and none of these: a typing error, which must not end as a skipped test.
    """
    if is_path(python) or SPECIFICATION.fullmatch(python):
        return Environment(name=python, python=(python,))
    is_here = os.path.isfile(python) and os.access(python, os.X_OK)
    program = os.path.abspath(python) if is_here else shutil.which(python) if python else None
    if program is None:
        raise UsageError(
            f"interpreter {python!r}: neither a version, nor a program in the working folder or on PATH; expected the "
            "path of an interpreter, or a version such as 3.12"
        )
    return Environment(name=python, python=(program,))
