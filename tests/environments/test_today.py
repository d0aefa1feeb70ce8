"""The environments of today's frameworks, really built: each experiment computes what it says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pytest_multicore.environments.blas import select
from pytest_multicore.environments.catalogue import SHIPPED_ENVIRONMENTS
from pytest_multicore.environments.variables import child_variables
from tests.absent import prepared
from tests.interpreters.dialogue import AGENT

pytestmark = [pytest.mark.environments, pytest.mark.exhaustive]

FAMILIES = [name for name in SHIPPED_ENVIRONMENTS if name not in ("current", "theano", "theano-2016", "pytensor")]

#: Runs a workload of the agent; `of` then holds what its region closes over.
PREPARED = """
import runpy, sys
region = runpy.run_path({path!r})["prepare"](**{arguments!r})
of = dict(zip(region.__code__.co_freevars, (cell.cell_contents for cell in region.__closure__)))
"""
DOT = """
expected = 1.0
for _ in range({updates}):
    expected = 0.4 * expected + 0.8 * 40
region()
region()
c = of["state"]["c"] if "state" in of else of["c"]
assert "float64" in str(c.dtype), c.dtype
assert abs(float(c[3, 5]) - expected) < 1e-9, (float(c[3, 5]), expected)
"""
LOSS = """
def loss():
    if "model" in of and hasattr(of["model"], "evaluate"):
        return float(of["model"].evaluate(of["x"], of["y"], verbose=0))
    if "model" in of and hasattr(of["model"], "loss_curve_"):
        return of["model"].loss_curve_[-1]
    if "model" in of:
        return float(((of["model"](of["x"]) - of["y"]) ** 2).mean())
    w1, b1, w2, b2 = of["state"]["weights"]
    return float((((of["x"] @ w1 + b1) @ w2 + b2 - of["y"]) ** 2).mean())

region()
before = loss()
for _ in range(60):
    region()
assert loss() < 0.9 * before, (before, loss())
"""


@pytest.fixture(autouse=True)
def cache_folder() -> None:
    """The user's own cache, in place of one for each test: these are gigabytes."""


@pytest.mark.parametrize("name", FAMILIES)
def test_dot_computes_the_posted_update(name: str) -> None:
    framework = SHIPPED_ENVIRONMENTS[name].frameworks["dot"]
    # JAX, TensorFlow: the set-up calls the update once, to compile it.
    updates = {"jax": 5, "tensorflow": 5}.get(framework, 4)
    program = (PREPARED + DOT.replace("{updates}", str(updates))).format(
        path=str(AGENT / "workloads" / f"dot_{framework}.py"), arguments={"size": 40, "iterations": 2}
    )
    run(name, program)


@pytest.mark.parametrize("name", [name for name in FAMILIES if "fit" in SHIPPED_ENVIRONMENTS[name].frameworks])
def test_epochs_of_fit_lower_the_loss(name: str) -> None:
    path = str(AGENT / "workloads" / f"fit_{SHIPPED_ENVIRONMENTS[name].frameworks['fit']}.py")
    run(name, PREPARED.format(path=path, arguments={"samples": 320}) + LOSS)


def run(name: str, program: str) -> None:
    """Run a program in an environment as its children run."""
    environment = SHIPPED_ENVIRONMENTS[name]
    provisioned = prepared(environment)
    blas = select(environment.blas, provisioned)
    child = child_variables(environment, provisioned, blas, threads=2, theano_flags={}, env={}, environ=os.environ)
    argv = [str(provisioned.python), "-E", "-s", "-B", "-c", program]
    ended = subprocess.run(argv, env=child.variables, capture_output=True, text=True, check=False, cwd=Path.cwd())
    assert ended.returncode == 0, ended.stderr[-3000:]
