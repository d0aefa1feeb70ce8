"""Pools that are smaller than was asked for, from literal facts."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_multicore.experiment.notes import pool_notes


def library(kind: str, threads: int | None) -> dict[str, Any]:
    return {"kind": kind, "threads": threads}


@pytest.mark.parametrize(
    ("asked", "libraries", "told"),
    [
        (16, [library("openblas", 2)], ["16 threads were asked for, and the pool of openblas has 2"]),
        (16, [library("openblas", 2)] * 2, ["16 threads were asked for, and the pool of openblas has 2"]),
        (2, [library("openblas", 2), library("openmp", 4)], []),
        (2, [library("openmp", None), library("reference", 1)], []),
        (None, [library("openblas", 1)], []),
    ],
    ids=["fewer", "twice the same", "as many, or more", "unknown, and none at all", "nothing was asked for"],
)
def test_a_pool_that_is_smaller_than_was_asked_for_is_told(
    asked: int | None, libraries: list[dict[str, Any]], told: list[str]
) -> None:
    assert list(pool_notes(asked, "threads", {"libraries": libraries})) == told
