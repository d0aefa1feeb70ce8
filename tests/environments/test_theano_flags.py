"""THEANO_FLAGS, read and written."""

from __future__ import annotations

import pytest

from pytest_multicore.environments.flags import parse, render
from pytest_multicore.errors import UsageError


def test_the_posted_flags_are_read() -> None:
    assert parse("device=cpu,blas.ldflags=-lblas -lgfortran") == {
        "device": "cpu",
        "blas.ldflags": "-lblas -lgfortran",
    }


@pytest.mark.parametrize("text", ["", ",", " , ,"])
def test_empty_pairs_are_skipped(text: str) -> None:
    assert parse(text) == {}


def test_a_later_pair_wins_and_a_value_may_hold_an_equals_sign() -> None:
    assert parse("a=1,a=2,gcc.cxxflags=-DX=1") == {"a": "2", "gcc.cxxflags": "-DX=1"}


@pytest.mark.parametrize(
    "value", ["plain", "-lblas -lgfortran", "a,b", 'say "hi"', "it's", "back\\slash", "a#b", " x "]
)
def test_what_is_written_is_read_back(value: str) -> None:
    flags = {"before": "1", "flag": value, "after": "2"}

    read = parse(render(flags))

    assert {name: text.strip() for name, text in read.items()} == {**flags, "flag": value.strip()}


@pytest.mark.parametrize("text", ["device", "a='open"])
def test_what_theano_could_not_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="THEANO_FLAGS"):
        parse(text)
