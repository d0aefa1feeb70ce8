"""Environments by name."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from pytest_multicore.environments.catalogue import CURRENT, SHIPPED_ENVIRONMENTS, Environment, at_path, find, load
from pytest_multicore.environments.environment import infer_frameworks, package_name
from pytest_multicore.errors import UsageError


def test_these_environments_are_shipped() -> None:
    of_2016 = ["current", "theano", "theano-2016", "pytensor"]
    of_today = ["torch", "torch-1", "jax", "tensorflow", "scikit-learn", "keras-torch", "keras-jax", "keras-tensorflow"]
    assert list(SHIPPED_ENVIRONMENTS) == of_2016 + of_today


@pytest.mark.parametrize(
    ("name", "dot", "fit"),
    [
        ("current", "numpy", "numpy"),
        ("theano", "theano", "keras"),
        ("theano-2016", "theano", "keras"),
        ("pytensor", "pytensor", None),
        ("torch", "torch", "torch"),
        ("torch-1", "torch", "torch"),
        ("jax", "jax", "jax"),
        ("tensorflow", "tensorflow", None),
        ("scikit-learn", "numpy", "sklearn"),
        ("keras-torch", "torch", "keras"),
        ("keras-jax", "jax", "keras"),
        ("keras-tensorflow", "tensorflow", "keras"),
    ],
)
def test_each_runs_the_experiments_on_its_framework(name: str, dot: str, fit: str | None) -> None:
    frameworks = SHIPPED_ENVIRONMENTS[name].frameworks
    assert (frameworks.get("dot"), frameworks.get("fit")) == (dot, fit)


@pytest.mark.parametrize("backend", ["torch", "jax", "tensorflow"])
def test_keras_is_told_its_backend_and_shown_no_gpu(backend: str) -> None:
    assert SHIPPED_ENVIRONMENTS[f"keras-{backend}"].env == {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "-1"}


def test_current_needs_nothing() -> None:
    assert (CURRENT.python, CURRENT.requires, CURRENT.installs, CURRENT.blas) == ((), (), (), None)


@pytest.mark.parametrize(
    ("requires", "frameworks"),
    [
        ((), {"dot": "numpy", "fit": "numpy"}),
        (("six",), {"dot": "numpy", "fit": "numpy"}),
        (("Theano==1.0.5", "Keras==2.3.1"), {"dot": "theano", "fit": "keras"}),
        (("Theano>=1",), {"dot": "theano"}),
        (("pytensor>=2,<4",), {"dot": "pytensor"}),
        (("torch",), {"dot": "torch", "fit": "torch"}),
        (("torch", "keras>=3"), {"dot": "torch", "fit": "keras"}),
        (("jax", "torch"), {"dot": "torch", "fit": "torch"}),
        (("tensorflow-cpu; platform_machine == 'x86_64'",), {"dot": "tensorflow"}),
        (("keras>=3",), {"dot": "numpy", "fit": "keras"}),
        (("numpy", "scikit-learn"), {"dot": "numpy", "fit": "numpy"}),
    ],
)
def test_frameworks_follow_from_what_is_required(requires: tuple[str, ...], frameworks: dict[str, str]) -> None:
    assert infer_frameworks(requires) == frameworks
    assert Environment("own", requires=requires).frameworks == frameworks


def test_frameworks_that_are_told_are_kept() -> None:
    assert Environment("own", requires=("six",), frameworks={"dot": "theano"}).frameworks == {"dot": "theano"}


@pytest.mark.parametrize(
    ("requirement", "name"),
    [("Theano==1.0.5", "theano"), ("Theano_PyMC [x] >1", "theano-pymc"), ("tiny @ file:///t.whl", "tiny"), ("", "")],
)
def test_package_names_are_normalized(requirement: str, name: str) -> None:
    assert package_name(requirement) == name


def test_mkl_is_installed_with_what_is_required() -> None:
    assert Environment("own", requires=("numpy",), blas="mkl").installs == ("numpy", "mkl")


def test_nothing_is_built_for_mkl_alone() -> None:
    assert Environment("own", blas="mkl").installs == ()


def test_an_interpreter_by_path_is_used_as_it_stands() -> None:
    environment = at_path("/opt/python/bin/python")

    assert (environment.python, environment.installs) == (("/opt/python/bin/python",), ())


@pytest.mark.parametrize("python", ["3", "3.12", "python3.12", "python", "3.13t", "pypy3.10", ">=3.12", "PyPy"])
def test_a_version_is_looked_for(python: str) -> None:
    assert at_path(python).python == (python,)


def test_a_word_is_a_program_here_or_on_the_search_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "linked").symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    assert at_path("linked").python == (str(tmp_path / "linked"),)
    monkeypatch.chdir("/")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert at_path("linked").python == (str(tmp_path / "linked"),)


@pytest.mark.parametrize("python", ["nosuchpy", "pyhton3.12", ""])
def test_a_word_that_names_nothing_is_refused(python: str) -> None:
    with pytest.raises(UsageError, match=f"interpreter '{python}': neither a version, nor a program in the working"):
        at_path(python)


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"'theanoo' is not known.*current, jax, keras-jax, .*theano, theano-2016, torch.*pyproject"
    ):
        find("theanoo", tmp_path)


def test_a_project_may_redefine_a_shipped_name(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.pytest-multicore.environments.theano]\nrequires = ["six"]\n')

    assert find("theano", tmp_path).requires == ("six",)
    assert load(tmp_path)["pytensor"] == SHIPPED_ENVIRONMENTS["pytensor"]


@pytest.mark.parametrize("name", ["own-1", "a.b", 'with "quotes"', "x\x1b[31m\n::error::pwn", "日本"])
def test_the_table_that_an_unknown_name_needs_is_a_line_of_toml(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as told:
        find(name, tmp_path)
    (header,) = re.findall(r"or a table (\[tool\..*\]) in ", str(told.value))
    environments = tomllib.loads(header)["tool"]["pytest-multicore"]["environments"]
    assert environments == {name: {}}
