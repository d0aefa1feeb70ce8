"""What a machine may lack that runs these tests: an interpreter, or a package index that answers. They are skipped."""

import pytest

from pytest_multicore.environments.environment import Environment
from pytest_multicore.environments.provision import Installation, prepare
from pytest_multicore.errors import EnvironmentUnavailable

SIGNS = ("package index could not be reached", "no Python")


def skip_where_absent(told: str) -> None:
    """Skip the test where a message says that the machine lacks something, not that the code is wrong."""
    if any(sign in told for sign in SIGNS):
        pytest.skip(next(line for line in told.splitlines() if any(sign in line for sign in SIGNS)).strip())


def prepared(environment: Environment) -> Installation:
    """The installation of an environment that the machine may be unable to build."""
    try:
        return prepare(environment)
    except EnvironmentUnavailable as error:
        skip_where_absent(str(error))
        raise
