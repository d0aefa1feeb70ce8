"""What tests that misbehave share; it lies beside each of them when it runs."""

import pytest

brief = pytest.mark.multicore(min_cores=0.02, threads=1)


def work() -> int:
    return sum(i * i for i in range(20000))


def refuse(*_arguments: object, **_named: object) -> None:
    raise OSError("replaced by the test")
