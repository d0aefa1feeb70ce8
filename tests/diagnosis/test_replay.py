"""An operation taken out of a program and run alone: the arrays are of its kind, and the work is as much as told."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_multicore.interpreters.agent.workloads import replay_numpy

numpy = pytest.importorskip("numpy")


def operand(shape: list[int], dtype: str = "float64", strides: list[int] | None = None) -> dict[str, Any]:
    return {"shape": shape, "dtype": dtype, "strides": strides}


def result(operation: str, *operands: dict[str, Any], **told: Any) -> Any:
    return replay_numpy.prepare(operation, list(operands), **told)()


def test_an_array_lies_in_memory_as_the_programs_did() -> None:
    made = replay_numpy.array(numpy, operand([3, 4], "float32", [64, 8]))

    assert (made.shape, made.dtype, made.strides) == ((3, 4), numpy.float32, (64, 8))
    assert made.all(), "nought is dear to some functions"


def test_a_number_beside_an_array_is_made_good_for() -> None:
    assert result("multiply", operand([5])).shape == (5,)


@pytest.mark.parametrize(
    ("left", "right", "shape"),
    [([5, 3, 4], [4, 2], (15, 2)), ([3, 4], [5, 4, 2], (3, 10)), ([5, 3, 4], [5, 4, 2], (15, 2))],
    ids=["one factor on the right", "one factor on the left", "none that all share"],
)
def test_a_stack_of_products_is_one_product_of_as_much_work(
    left: list[int], right: list[int], shape: tuple[int, int]
) -> None:
    found = result("matmul", operand(left), operand(right), variant="one product")

    assert found.shape == shape
    assert found.size == result("matmul", operand(left), operand(right)).size


def test_each_part_has_a_thread() -> None:
    assert len(result("sum", operand([7]), variant="split", parts=3)) == 3


@pytest.mark.parametrize("operation", ["add", "exp", "positive"])
def test_the_same_few_elements_are_taken_again_and_again(operation: str) -> None:
    row = operand([100])

    assert result(operation, row, row, variant="resident", repeats=10, parts=1).shape == (10, 100)
    assert len(result(operation, row, row, variant="resident", repeats=10, parts=2)) == 2


def test_a_sum_of_them_is_of_as_many() -> None:
    row = operand([100])
    found = result("sum", row, variant="resident", repeats=10, parts=1)

    assert found == pytest.approx(10 * replay_numpy.array(numpy, row).sum())


def test_what_broadcasts_is_common_to_all_parts() -> None:
    """A row that is as long as there are rows is not cut with them."""
    assert len(result("add", operand([6, 6]), operand([6]), variant="split", parts=2)) == 2
