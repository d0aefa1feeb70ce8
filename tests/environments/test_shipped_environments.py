"""The shipped environments, really built, each running its product on the BLAS that was selected."""

from __future__ import annotations

import os
import subprocess
import textwrap
from pathlib import Path

import pytest

from pytest_multicore.environments import shared_libraries as libraries
from pytest_multicore.environments.blas import select
from pytest_multicore.environments.catalogue import SHIPPED_ENVIRONMENTS
from pytest_multicore.environments.variables import child_variables
from pytest_multicore.measurement.host_lock import host_lock
from tests.absent import prepared

pytestmark = [
    pytest.mark.environments,
    pytest.mark.skipif(not libraries.compiler(), reason="Theano and PyTensor need a C++ compiler"),
]

PROGRAM = """
    import importlib
    import numpy
    framework = importlib.import_module({framework!r})
    tensor = importlib.import_module({framework!r} + ".tensor")
    a, b, c = (framework.shared(numpy.ones((200, 200))) for _ in range(3))
    product = framework.function([], updates=[(c, 0.4 * c + 0.8 * tensor.dot(a, b))])
    product()
    assert abs(c.get_value()[0, 0] - 160.4) < 1e-9, c.get_value()
    print("compiled in " + str(framework.config.compiledir))
    print(open("/proc/self/maps").read())
"""


@pytest.mark.parametrize(
    "name",
    ["theano", pytest.param("theano-2016", marks=pytest.mark.slow), pytest.param("pytensor", marks=pytest.mark.slow)],
)
def test_a_shipped_environment_runs_its_product(name: str, cache_folder: Path) -> None:
    environment = SHIPPED_ENVIRONMENTS[name]
    provisioned = prepared(environment)
    blas = select(environment.blas, provisioned)
    child = child_variables(environment, provisioned, blas, threads=1, theano_flags={}, env={}, environ=os.environ)
    program = textwrap.dedent(PROGRAM.format(framework=environment.frameworks["dot"]))

    with host_lock().shared(print):  # to compile takes seconds of a core, which the other lane's measurements lack
        ended = subprocess.run(
            [provisioned.python, "-E", "-s", "-B", "-c", program],
            env=child.variables,
            capture_output=True,
            text=True,
            check=False,
        )

    assert ended.returncode == 0, ended.stderr
    assert f"compiled in {cache_folder / 'compiled'}" in ended.stdout
    if blas.library:
        assert blas.library.name in ended.stdout
