"""What the agent reads off a running frame's line: the array operation, its operands, the compiled function called."""

from __future__ import annotations

import hashlib
import runpy
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy
import pytest

from tests.interpreters.dialogue import AGENT

pytestmark = pytest.mark.quick


def module(name: str) -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(AGENT / "watch" / f"{name}.py")))


OPERATIONS, OPERANDS, CALLEES = module("operations"), module("operands"), module("callees")
OPERANDS.callees = CALLEES


def read(paused: Iterator[object]) -> dict[str, Any] | None:
    """The operation on the line at which a generator stands."""
    next(paused)
    read: dict[str, Any] | None = OPERATIONS.at(paused.gi_frame, OPERANDS, str)  # type: ignore[attr-defined]
    return read


class Answering:
    """It answers to any attribute, with something that is not even hashable, as an expression of Polars does."""

    asked: list[str] = []  # noqa: RUF012 - all of them together

    def __getattr__(self, name: str) -> list[str]:
        Answering.asked.append(name)
        return [name]

    __call__ = hashlib.sha256


VALUES = numpy.ones(3000)
BY_NAME: dict[Any, Any] = {"values": VALUES, 1: [VALUES]}


class Holder:
    def __init__(self) -> None:
        self.values = VALUES


def of_a_name() -> Iterator[object]:
    yield numpy.exp(VALUES)


def of_an_item() -> Iterator[object]:
    yield numpy.exp(BY_NAME["values"])


def of_an_item_by_a_variable() -> Iterator[object]:
    key, holder = 1, 0
    yield numpy.exp(BY_NAME[key][holder])


def of_an_attribute() -> Iterator[object]:
    holder = Holder()
    yield numpy.exp(holder.values)


def of_an_expression() -> Iterator[object]:
    yield numpy.exp(2 * numpy.sqrt(VALUES) + 1)


def of_a_slice() -> Iterator[object]:
    yield numpy.exp(VALUES[:3000])


@pytest.mark.parametrize(
    "line",
    [of_a_name, of_an_item, of_an_item_by_a_variable, of_an_attribute, of_an_expression, of_a_slice],
    ids=lambda line: line.__name__,
)
def test_operands_are_read_from_any_expression(line: Any) -> None:
    operation = read(line())
    assert operation is not None
    assert operation["operation"] == "elementwise"
    assert [operand["shape"] for operand in operation["operands"]] == [[3000]]


def of_a_call() -> Iterator[object]:
    yield numpy.exp(numpy.random.default_rng(0).random(3000))


def test_an_operation_on_what_a_call_returns_is_told_without_operands() -> None:
    operation = read(of_a_call())
    assert operation is not None
    assert (operation["operation"], operation["function_called"], operation["operands"]) == ("elementwise", "exp", [])


def product_of_what_is_computed() -> Iterator[object]:
    yield (VALUES[::2] + 1) @ VALUES[1500:]


def test_a_product_tells_no_operand_that_is_not_computed_yet() -> None:
    """Its order in memory is not that of what it is computed from."""
    operation = read(product_of_what_is_computed())
    assert operation is not None
    assert [operand["strides"] for operand in operation["operands"]] == [[8]]


def of_an_answering_object() -> Iterator[object]:
    column: Any = Answering()
    yield column(b"text")


def of_a_mock() -> Iterator[object]:
    column = MagicMock()
    yield column.exp(column.values) + column["values"]


@pytest.mark.parametrize("line", [of_an_answering_object, of_a_mock], ids=lambda line: line.__name__)
def test_objects_that_answer_to_any_attribute_are_not_asked(line: Any) -> None:
    Answering.asked.clear()
    assert read(line()) is None
    assert Answering.asked == []


def of_a_variable() -> Iterator[object]:
    array = VALUES
    yield numpy.exp(array)


def test_variables_that_somebody_else_reads_stay_where_they_are() -> None:
    """As numexpr reads its caller's."""
    paused = of_a_variable()
    read(paused)
    variables = paused.gi_frame.f_locals  # type: ignore[attr-defined]
    OPERANDS.let_go(paused.gi_frame)  # type: ignore[attr-defined]
    assert "array" in variables


def hashing() -> Iterator[object]:
    yield hashlib.sha256(b"text").digest()


def sorting() -> Iterator[object]:
    yield VALUES.argsort()


def counting() -> Iterator[object]:
    yield sum(number * number for number in range(3))


class Digest:
    def __init__(self) -> None:
        self.update = hashlib.sha256().update


def bound() -> Iterator[object]:
    digest = Digest()
    yield digest.update(b"text")


@pytest.mark.parametrize(
    ("line", "name"),
    [(hashing, "_hashlib.openssl_sha256"), (sorting, "numpy.ndarray.argsort"), (bound, "_hashlib.HASH.update")],
    ids=["function", "method", "bound"],
)
def test_a_compiled_function_of_a_library_is_named(line: Any, name: str) -> None:
    operation = read(line())
    assert operation is not None
    assert operation["called"] == name


def test_steps_of_a_python_loop_call_no_library() -> None:
    assert read(counting()) is None


@pytest.mark.parametrize("function", [Holder, read, Holder(), Answering(), len, list.append, sum, SimpleNamespace])
def test_pythons_own_functions_are_none_of_a_library(function: object) -> None:
    assert CALLEES.compiled_name(function) is None
