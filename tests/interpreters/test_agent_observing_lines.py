"""Where an observed child's threads stood: lines, operations, operands."""

import math
import sys
from pathlib import Path

import pytest

from pytest_multicore.interpreters.priority import raise_priority
from pytest_multicore.measurement.host_lock import host_lock
from tests.fixture_types import Undecided
from tests.interpreters.dialogue import Dialogue, on_every_interpreter
from tests.interpreters.observing import LINUX_ONLY, NUMPY, ON_NUMPY, THREADS, WATCHED, observed


@on_every_interpreter
def test_the_lines_of_the_region_are_told_with_their_source_and_share(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "two_lines", rounds=2, samples=100, seconds=0.05)
        _warm_up, *rounds = child.ask("call", target=f"{WATCHED}:times")["value"]
    lines = [line for line in seen["lines"] if line["file"] == str(WATCHED)]
    assert {line["thread"] for line in lines} == {"MainThread"}
    source = WATCHED.read_text().splitlines()
    assert all(source[line["line"] - 1].strip() == line["source"] for line in lines)
    shares = {True: 0.0, False: 0.0}
    first = next(number for number, text in enumerate(source, 1) if "3 * seconds" in text)
    for line in lines:
        assert (line["function"], line["called_from"]) == ("region", None)
        shares[line["line"] < first] += line["share"]
    unseen_s = max(0.0, sum(c - a for a, _, c in rounds) - seen["sampled_s"])  # before the first look, after the last
    # A look's time is all of the line at its end: some looks each round.
    late_s = seen["late_s"] + unseen_s + len(rounds) * 0.01
    assert shares[True] * seen["sampled_s"] == pytest.approx(sum(b - a for a, b, _ in rounds), abs=late_s)
    assert shares[False] * seen["sampled_s"] == pytest.approx(sum(c - b for _, b, c in rounds), abs=late_s)
    assert {line["operation"] for line in lines} == {None}
    assert sum(shares.values()) <= 1.001


@on_every_interpreter
def test_a_region_that_is_over_before_a_look_is_traced_where_that_is_asked_for(python: str, tmp_path: Path) -> None:
    """A neighbour may make either sleep longer, and none shorter."""
    sleep_s = 0.0002
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "two_lines", rounds=1, seconds=sleep_s, trace=True)
    shares = {line["source"]: line["share"] for line in seen["lines"] if line["file"] == str(WATCHED)}
    assert seen["traced"]
    assert shares["time.sleep(seconds)"] * seen["wall_s"] > 0.9 * sleep_s
    assert shares["time.sleep(3 * seconds)"] * seen["wall_s"] > 0.9 * 3 * sleep_s
    assert sum(shares.values()) <= 1.001


@on_every_interpreter
def test_the_runs_of_the_hottest_line_are_counted_in_a_round_where_that_is_asked_for(
    python: str, tmp_path: Path
) -> None:
    with Dialogue(python, tmp_path) as child:
        assert observed(child, "two_lines", rounds=2, samples=40, seconds=0.02)["steps"] is None
        assert child.ask("facts", count_steps=True)["observed"]["steps"] is None
        child.ask("round", repeat=3)
        counted = child.ask("facts")["observed"]["steps"]
        child.ask("round", repeat=5)
        assert child.ask("facts")["observed"]["steps"] == counted
    assert (counted["count"], counted["line"]["function"]) == (3, "region")
    assert counted["line"]["source"].startswith("time.sleep(")


@on_every_interpreter
def test_lines_of_other_threads_are_told_apart(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "threads_that_run", file=THREADS, rounds=3, samples=40, seconds=0.4, count=2)
    waiting = [line for line in seen["lines"] if line["called_from"] and "join" in line["called_from"]["source"]]
    running = [line for line in seen["lines"] if line["function"] == "burn"]
    assert sum(line["share"] for line in running) > 0.5
    assert {line["thread"] for line in waiting} == {"MainThread"}
    assert len({line["thread"] for line in running}) == 1  # their numbers are left out
    assert running[0]["thread"].startswith("Thread-#")
    if tuple(child.hello["python"]) >= (3, 8) and sys.platform.startswith("linux"):
        assert seen["python_threads"] == 2


@on_every_interpreter
def test_a_thread_that_waits_for_its_next_task_worked_on_the_last_one(
    python: str, tmp_path: Path, undecided: Undecided
) -> None:
    with host_lock().exclusive(print), Dialogue(python, tmp_path) as child:  # the other lane measures at its turn
        if tuple(child.hello["python"]) < (3, 8) or not sys.platform.startswith("linux"):
            pytest.skip("threads have no clocks that can be read here")
        raise_priority(child.process.pid)  # as measured interpreters have it
        seen = observed(child, "pool_of_short_tasks", repeat=20, samples=240, seconds=0.003)
    if seen["late_s"] > 0.2 * seen["sampled_s"]:
        undecided(f"looks came late for {seen['late_s']:.2f} of {seen['sampled_s']:.2f} s: neighbours had the cores")
    task = [line for line in seen["lines"] if line["function"] == "task"]
    assert sum(line["share"] for line in task) > 0.8
    waiting = [line["share"] for line in seen["lines"] if line["function"] != "task" and line["share"] > 0.1]
    assert waiting == []


@on_every_interpreter
def test_a_traced_wait_beside_threads_at_work_has_no_share(python: str, tmp_path: Path, undecided: Undecided) -> None:
    """The main thread may have the time before the others run, and after: a neighbour can make that long."""
    at_work_s = 1.2  # a look that comes late has the wrong share of some 0.1 s
    with host_lock().exclusive(print), Dialogue(python, tmp_path) as child:  # the other lane measures at its turn
        raise_priority(child.process.pid)  # as measured interpreters have it
        seen = observed(child, "threads_that_run", file=THREADS, rounds=1, seconds=at_work_s, count=2, trace=True)
    assert seen["traced"]
    waiting = [line for line in seen["lines"] if line["thread"] == "MainThread"]
    assert waiting
    if seen["wall_s"] > 1.2 * at_work_s or seen["cpu_s"] < 0.9 * at_work_s:
        undecided(f"the threads were kept waiting: {seen['cpu_s']:.2f} s of work in {seen['wall_s']:.2f} s")
    if seen["sampled_s"] < seen["wall_s"] - 0.05:
        undecided(f"the last look was to come {seen['wall_s'] - seen['sampled_s']:.2f} s before the round's end")
    alone = 1 - at_work_s / seen["wall_s"]
    assert sum(line["share"] for line in waiting) < alone + 0.15


@on_every_interpreter
def test_a_fork_in_another_thread_does_not_have_that_one_traced(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "forking_in_a_worker", file=THREADS, rounds=2, trace=True)
        assert child.ask("call", target=f"{THREADS}:who_is_traced")["value"] == [False, False]
    traced = {line["function"] for line in seen["lines"] if line["thread"] == "MainThread"}
    assert "in_worker" in {line["called_from"] and line["called_from"]["function"] for line in seen["lines"]} | traced
    assert not traced & {"work_off", "fork"}


@on_every_interpreter
def test_tracing_undoes_no_assignment_of_another_thread(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        assert observed(child, "variable_of_two_threads", file=THREADS, rounds=2, trace=True)["traced"]


@on_every_interpreter
def test_a_program_may_replace_what_starts_threads(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "thread_start_replaced", file=THREADS, samples=5, seconds=0.02)
    assert seen["lines"]


@on_every_interpreter
@pytest.mark.parametrize(
    ("region", "trace"),
    [("going_through_its_variables", False), ("going_through_its_variables", True), ("freeing", False)],
    ids=["variables", "variables-traced", "freeing"],
)
def test_a_look_at_a_functions_variables_changes_nothing_of_it(
    python: str, tmp_path: Path, region: str, trace: bool
) -> None:
    with Dialogue(python, tmp_path) as child:
        observed(child, region, file=THREADS, repeat=5, trace=trace, seconds=0.02)  # later rounds could be traced


@on_every_interpreter
def test_nothing_that_a_thread_held_outlives_it(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        observed(child, "threads_that_hold", repeat=10, samples=30, seconds=0.02)
        threads, held = child.ask("call", target=f"{WATCHED}:still_held", arguments={})["value"]
    assert threads >= 10
    assert held == 0


@on_every_interpreter
def test_lines_before_the_first_round_are_not_told(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        child.ask("watch", observe=True)
        child.ask("open", target=f"{WATCHED}:two_lines", arguments={"seconds": 0.02})
        seen = child.ask("facts")["observed"]
    assert (seen["samples"], seen["lines"]) == (0, [])


@LINUX_ONLY
@pytest.mark.parametrize("dtype", ["int64", "float16", "longdouble"])
def test_a_product_is_told_with_its_operands(tmp_path: Path, dtype: str) -> None:
    with Dialogue(sys.executable, tmp_path, **NUMPY) as child:
        seen = observed(child, "product", file=ON_NUMPY, repeat=40, samples=20, dtype=dtype)
    line = seen["lines"][0]
    assert (line["operation"], line["function_called"], line["subscripts"]) == ("matmul", "matmul", None)
    assert line["source"] == "return left @ layer.weights.T"
    left, right = line["operands"]
    size = left["itemsize"]
    assert left == {
        "name": "left",
        "type": "numpy.ndarray",
        "dtype": {"longdouble": "float128"}.get(dtype, dtype),
        "shape": [150, 150],
        "strides": [150 * size, size],
        "itemsize": size,
        "contiguous": "C",
    }
    assert (right["name"], right["dtype"], right["shape"]) == ("layer.weights.T", left["dtype"], [150, 150])
    assert (right["strides"], right["contiguous"]) == ([size, 2 * 150 * size], None)


@pytest.mark.parametrize("form", ["function", "lambda"])
def test_a_product_that_never_lets_go_of_the_lock_is_told_too(tmp_path: Path, form: str) -> None:
    with Dialogue(sys.executable, tmp_path, **NUMPY) as child:
        # The first rounds, in which it cannot be told yet, shall not weigh much.
        seen = observed(child, "product_of_objects", file=ON_NUMPY, rounds=20, repeat=5, samples=5, form=form)
    line = seen["lines"][0]
    assert line["share"] > 0.5
    assert (line["function_called"], [entry["dtype"] for entry in line["operands"]]) == ("matmul", ["object"] * 2)


def test_no_property_is_called_to_find_operands(tmp_path: Path) -> None:
    with Dialogue(sys.executable, tmp_path, **NUMPY) as child:
        seen = observed(child, "through_a_property", file=ON_NUMPY, samples=20)
    line = next(line for line in seen["lines"] if line["operation"])
    assert (line["operation"], line["function_called"]) == ("matmul", "dot")
    assert [entry["name"] for entry in line["operands"]] == ["layer.weights"]


@pytest.mark.parametrize(
    ("name", "size"), [("einsum", 300), ("sort", 700), ("elementwise", 1500), ("reduction", 3000), ("linalg", 250)]
)
def test_named_functions_are_operations(tmp_path: Path, name: str, size: int) -> None:
    with Dialogue(sys.executable, tmp_path, OPENBLAS_NUM_THREADS="1") as child:
        seen = observed(child, "named_function", file=ON_NUMPY, repeat=4, samples=60, name=name, size=size)
    of_region = [line for line in seen["lines"] if "lambda a:" in (line["called_from"] or line)["source"]]
    assert sum(line["share"] for line in of_region) > 0.5
    assert {line["operation"] for line in of_region if line["share"] > 0.2} == {name}
    assert {math.prod(entry["shape"]) for entry in of_region[0]["operands"]} == {size * size}
    assert of_region[0]["subscripts"] == ("ij,jk->ik" if name == "einsum" else None)
