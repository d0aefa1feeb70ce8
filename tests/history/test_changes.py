"""Which results belong together, what keeps two from being compared, and what changed between those that are."""

from dataclasses import replace
from typing import Any

import pytest

from pytest_multicore.reports.history.changes import FIGURES, Kind, pair_of, pairs_of_runs, since_last
from pytest_multicore.reports.history.conditions import also_changed, changed_conditions, differences
from pytest_multicore.reports.history.entry import KEPT_FIELDS, LOSS, Entry, entries_of
from pytest_multicore.reports.history.words import pair_lines, since_last_line
from pytest_multicore.reports.origin import Origin
from pytest_multicore.reports.record import record
from pytest_multicore.verdicts.change import Movement
from pytest_multicore.verdicts.limits import Limits
from tests.reports.test_replay import result
from tests.rounds import rows

from .literals import around, bounds, entry, series

OPENBLAS = {"kind": "openblas", "version": "0.3.31", "layer": "pthreads"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"environment": "theano"}, "environment current, now theano"),
        ({"host": "b"}, "host none, now b"),
        ({"threads": 4}, "threads 2, now 4"),
        ({"threads": None}, "threads 2, now none"),
        ({"baseline": 2}, "baseline threads 1, now 2"),
        ({"python": "3.13.3"}, "Python 3.13.2, now 3.13.3"),
        ({"frameworks": {"numpy": "2.4.7"}}, "numpy 2.4.6, now 2.4.7"),
        (
            {"libraries": [{"kind": "openblas", "version": "0.3.31", "layer": "openmp"}]},
            "openblas 0.3.31 pthreads, now 0.3.31 openmp",
        ),
        ({"cpu": "Xeon"}, "CPU EPYC, now Xeon"),
        ({"attained": 1.2}, "the machine attained 1.95x, now 1.20x"),
    ],
)
def test_what_differs_keeps_two_results_from_being_compared(fields: dict[str, Any], told: str) -> None:
    assert differences(entry(1.0, **fields), entry(1.9)) == [told]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"date": "2027-01-01T00:00:00Z", "commit": "f00"},
        {"outcome": "failed"},
        {"attained": 1.85},
        {"variables": {"OMP_NUM_THREADS": "2", "LD_LIBRARY_PATH": "/somewhere"}},
        {"frameworks": {}},
        {"libraries": []},
        {"libraries": [OPENBLAS, {**OPENBLAS, "version": "0.3.30"}]},
        {"wall_s": around(7.0)},
    ],
    ids=str,
)
def test_what_says_nothing_of_the_conditions_does_not(fields: dict[str, Any]) -> None:
    assert differences(entry(1.0, **fields), entry(1.9)) == []


def test_libraries_count_in_any_order_and_folders_of_compiled_code_do_not() -> None:
    two = [{"kind": "openblas", "version": version, "layer": None} for version in ("0.3.30", "0.3.31")]
    flags = [{"THEANO_FLAGS": f"device=cpu,base_compiledir=/home/{user},openmp=True"} for user in "ab"]
    new, old = (
        entry(1.0, libraries=libraries, variables=flag) for libraries, flag in zip((two, two[::-1]), flags, strict=True)
    )
    assert differences(new, old) == also_changed(new, old) == []
    assert also_changed(new, entry(1.0, libraries=two, variables={"THEANO_FLAGS": "openmp=False"}))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"frameworks": {"numpy": "2.4.6", "scipy": "1.17.1"}}, "scipy none, now 1.17.1"),
        ({"libraries": []}, "openblas 0.3.31 pthreads, now none"),
        (
            {"libraries": [OPENBLAS, {"kind": "openmp", "version": None, "layer": "gnu"}]},
            "openmp none, now gnu",
        ),
        (
            {"libraries": [OPENBLAS, {**OPENBLAS, "version": "0.3.30"}]},
            "openblas 0.3.31 pthreads, now 0.3.30 pthreads + 0.3.31 pthreads",
        ),
        ({"variables": {"OMP_NUM_THREADS": "1"}}, "OMP_NUM_THREADS 2, now 1"),
        ({"variables": {"OMP_NUM_THREADS": "2", "OMP_PROC_BIND": "true"}}, "OMP_PROC_BIND none, now true"),
    ],
)
def test_what_a_program_may_have_done_itself_is_evidence_and_no_excuse(fields: dict[str, Any], told: str) -> None:
    new, old = entry(1.0, **fields), entry(1.9)
    assert also_changed(new, old) == changed_conditions(new, old) == [told]
    found = pair_of(new, old)
    assert found.loses(0.1)
    assert since_last_line(since_last(new, [old])).endswith(f"; with it: {told}")
    assert list(pair_lines(found))[-1] == f"  with it: {told}"
    assert "with it" not in since_last_line(since_last(entry(1.9, **fields), [old])), "nothing moved"


def test_each_figure_that_moved_is_told_and_whether_that_is_worse() -> None:
    found = pair_of(entry(1.04, cpu_inflation=around(1.9)), entry(1.93, cpu_inflation=around(1.02)))
    assert (found.kind, found.worse, found.better) == (Kind.BOTH, True, False)
    assert list(pair_lines(found)) == [
        "test_a.py::test_it:",
        "  speed-up 1.93x [1.89, 1.97], now 1.04x [1.02, 1.06]: -46 % [-48, -44], worse",
        "  CPU inflation 1.02 [1.00, 1.04], now 1.90 [1.86, 1.94]: +86 % [+79, +94], worse",
    ]


def test_a_gain_is_told_and_is_not_worse() -> None:
    found = pair_of(entry(1.93), entry(1.04))
    assert (found.worse, found.better) == (False, True)
    assert list(pair_lines(found))[1].endswith("now 1.93x [1.89, 1.97]: +86 % [+78, +93], better")


def test_wall_time_and_busy_cores_are_told_and_show_no_loss_of_threads() -> None:
    found = pair_of(entry(1.9, wall_s=around(0.2), cores=around(1.5)), entry(1.9))
    assert [move.figure.key for move in found.moves if move.movement is not Movement.NONE] == ["cores", "wall_s"]
    assert (found.worse, found.better) == (False, False)
    assert list(pair_lines(found))[1:] == [
        "  busy cores 1.98 [1.94, 2.02], now 1.50 [1.47, 1.53]: -24 % [-27, -21], moved",
        "  wall time 100 ms [98 ms, 102 ms], now 200 ms [196 ms, 204 ms]: +100 % [+92, +108], moved",
    ]


@pytest.mark.parametrize("figure", [figure.key for figure in FIGURES if figure.key != LOSS])
@pytest.mark.parametrize(("before", "now"), [(1.0, 1.05), (1.05, 1.0)], ids=["up", "down"])
def test_what_a_line_calls_worse_or_better_counts_as_that(figure: str, before: float, now: float) -> None:
    fields: list[dict[str, Any]] = [{"speedup": around(1.9), figure: around(value, 0.01)} for value in (now, before)]
    found = pair_of(*(entry(**one) for one in fields))
    line = list(pair_lines(found))[-1]
    assert line.endswith("moved" if not (found.worse or found.better) else "worse" if found.worse else "better")


def test_within_the_intervals_nothing_moved() -> None:
    found = pair_of(entry(1.88), entry(1.9))
    assert list(pair_lines(found)) == ["test_a.py::test_it: no figure moved beyond its interval"]


@pytest.mark.parametrize("bound", [bounds(None, 1.0, None), bounds(0.9, 1.0, None), bounds(None, 1.0, 2.5)], ids=str)
def test_without_a_bound_nothing_is_shown_and_that_is_said(bound: dict[str, float | None]) -> None:
    found = pair_of(entry(bound), entry(1.9))
    assert (found.undecided, found.worse, found.loses(0.0)) == (True, False, False)
    (line,) = pair_lines(found)
    assert line.startswith(
        "test_a.py::test_it: undecided, an interval lacks a bound: speed-up 1.90x [1.86, 1.94], now 1.00x"
    )
    assert ": undecided since 2026-11-01 (1a2b3c4), an interval lacks a bound (speed-up " in since_last_line(found)


def test_a_result_without_bounds_is_passed_over() -> None:
    """No loss could be shown against it: after it all would pass."""
    good, without = series(1.9, bounds(None, 0.84, None))
    assert since_last(entry(1.0), [good, without]).old == good
    assert since_last(entry(1.0), [without]).old == without, "better than nothing, and said to be undecided"


@pytest.mark.parametrize(
    ("speedup", "open_"),
    [(around(1.9), False), (bounds(1.6, 1.8, 2.0), True), (bounds(None, 1.8, None), True), (around(1.0), False)],
    ids=["none", "may be", "no bounds", "shown"],
)
def test_a_loss_that_is_not_excluded_is_said(speedup: dict[str, float | None], open_: bool) -> None:
    found = pair_of(entry(speedup), entry(1.9))
    assert found.may_lose(0.1) is open_
    assert since_last_line(found, 0.1).endswith("; a loss of 10 % is not excluded") is open_


@pytest.mark.parametrize(("loss", "loses"), [(0.0, True), (0.1, True), (0.43, True), (0.44, False)])
def test_a_loss_is_as_large_as_the_interval_shows(loss: float, loses: bool) -> None:
    """At most 1.061 of at least 1.891: a loss of 43.9 % at least."""
    assert pair_of(entry(1.04), entry(1.93)).loses(loss) is loses


def test_results_that_are_not_comparable_lose_nothing_and_show_their_figures() -> None:
    found = pair_of(entry(1.04, python="3.14.0"), entry(1.93))
    assert (found.kind, found.worse, found.loses(0.0)) == (Kind.NOT_COMPARABLE, False, False)
    assert list(pair_lines(found)) == [
        "test_a.py::test_it: not comparable: Python 3.13.2, now 3.14.0",
        "  speed-up 1.93x [1.89, 1.97], now 1.04x [1.02, 1.06]: -46 % [-48, -44]",
    ]


def kinds(new: list[Entry], old: list[Entry]) -> list[tuple[str, Kind]]:
    return [(pair.entry.result["nodeid"], pair.kind) for pair in pairs_of_runs(new, old)]


def test_what_one_run_alone_has_is_new_or_missing() -> None:
    new, old = [entry(test="b"), entry(test="c")], [entry(test="a"), entry(test="b")]
    assert kinds(new, old) == [("b", Kind.BOTH), ("c", Kind.NEW), ("a", Kind.MISSING)]
    assert [line for pair in pairs_of_runs(new, old) for line in pair_lines(pair)][1:] == [
        "c: test_it: new",
        "a: test_it: missing",
    ]


def test_other_sides_of_the_same_work_are_not_comparable_but_neither_new_nor_missing() -> None:
    assert kinds([entry(environment="numpy-2")], [entry(environment="numpy-1")]) == [
        ("test_a.py::test_it", Kind.NOT_COMPARABLE)
    ]


def test_the_same_sides_belong_together_in_whatever_order_they_were_measured() -> None:
    one, two = entry(1.9, threads=2), entry(3.5, threads=4)
    assert [pair.kind for pair in pairs_of_runs([two, one], [one, two])] == [Kind.BOTH, Kind.BOTH]
    assert all(pair.new == pair.old for pair in pairs_of_runs([two, one], [one, two]))


def test_the_second_measurement_of_a_test_is_compared_with_the_second() -> None:
    first, second = entry(1.9), entry(1.1, number=2)
    assert since_last(second, [first, second, first]).old == second
    assert "(no. 2)" in since_last_line(since_last(second, [second]))


def test_the_last_comparable_result_is_compared_with() -> None:
    history = [*series(1.9, 1.8), entry(1.0, python="3.14.0"), entry(1.0, test="another")]
    found = since_last(entry(1.81), history)
    assert (found.kind, found.old) == (Kind.BOTH, history[1])
    assert since_last_line(found) == (
        "test_a.py::test_it: no change beyond the intervals since 2026-11-02 (0000002) "
        "(speed-up 1.80x [1.76, 1.84], now 1.81x [1.77, 1.85])"
    )
    assert since_last_line(since_last(entry(1.1), history)) == (
        "test_a.py::test_it: worse since 2026-11-02 (0000002): "
        "speed-up 1.80x [1.76, 1.84], now 1.10x [1.08, 1.12], -39 % [-41, -36]"
    )


def test_without_a_comparable_one_the_last_one_is_named_and_why_it_is_none() -> None:
    found = since_last(entry(1.0, frameworks={"numpy": "2.5.0"}), series(1.9, 1.8))
    assert since_last_line(found) == (
        "test_a.py::test_it: not comparable with 2026-11-02 (0000002): numpy 2.4.6, now 2.5.0 "
        "(speed-up 1.80x [1.76, 1.84], now 1.00x [0.98, 1.02])"
    )


def test_a_test_without_an_earlier_result_says_so() -> None:
    found = since_last(entry(1.0), [entry(test="another")])
    assert found.kind is Kind.NEW
    assert since_last_line(found) == "test_a.py::test_it: no earlier result to compare with"


def test_a_lost_result_is_passed_over_so_that_the_next_run_fails_too() -> None:
    good, lost = series(1.9, 1.0)
    lost = replace(lost, lost=True)
    assert since_last(entry(1.0), [good, lost]).loses(0.1)
    accepted = replace(lost, lost=False)
    assert not since_last(entry(1.0), [good, lost, accepted]).loses(0.1)


def test_without_a_speedup_the_busy_cores_are_told() -> None:
    found = since_last(entry(None, cores=around(1.0)), [entry(None)])
    assert "moved since 2026-11-01 (1a2b3c4): busy cores 1.98 [1.94, 2.02], now 1.00" in since_last_line(found)
    assert not found.loses(0.0)


def test_a_tree_with_changes_is_marked() -> None:
    old = entry(1.9)
    dirty = replace(old, origin=replace(old.origin, clean=False))
    assert "since 2026-11-01 (1a2b3c4+)" in since_last_line(since_last(entry(1.9), [dirty]))
    assert "since 2026-11-01 (speed" in since_last_line(since_last(entry(1.9), [entry(1.9, commit=None)]))


def test_each_host_is_compared_with_itself() -> None:
    """In whatever order the hosts were ready."""
    a, b = entry(1.9, host="a"), entry(1.1, host="b")
    assert [pair.kind for pair in pairs_of_runs([b, a], [a, b])] == [Kind.BOTH, Kind.BOTH]
    assert all(pair.new == pair.old for pair in pairs_of_runs([b, a], [a, b]))
    assert since_last(a, [a, b]).old == a
    assert since_last_line(since_last(a, [a, b])).startswith("test_a.py::test_it on a: no change")
    c = entry(1.0, host="c")
    assert since_last_line(since_last(c, [b, a])).startswith("test_a.py::test_it on c: not comparable with ")
    assert [pair.kind for pair in pairs_of_runs([a, c], [a, b])] == [Kind.BOTH, Kind.NOT_COMPARABLE]


def test_a_result_has_the_processor_of_its_host() -> None:
    measured = record(result(rows(20, 1.8), Limits(min_speedup=1.5)))
    records = [{**measured, "host": "a"}, {**measured, "host": "b"}, measured]
    machines = {"a": {"host": "a", "cpu": "EPYC"}, "b": {"host": "b", "cpu": "Xeon"}}
    found = entries_of(records, "the controller's", Origin(), machines)
    assert [(one.result["host"], one.cpu, one.number) for one in found] == [
        ("a", "EPYC", 1),
        ("b", "Xeon", 1),
        (None, "the controller's", 1),
    ]


def test_a_result_becomes_an_entry_with_all_figures_but_no_rounds() -> None:
    measured = record(result(rows(20, 1.8), Limits(min_speedup=1.5)))
    measured["libraries"] = [{"kind": "mkl", "path": "/x", "version": "2025", "layer": "gnu", "threads": 2}]
    unmeasured = {**measured, "wall_s": None}
    entries = entries_of([measured, unmeasured, measured], "EPYC", Origin())
    assert [one.number for one in entries] == [1, 2], "what was not measured is left out"
    kept = entries[0].result
    assert kept.keys() == {*KEPT_FIELDS, "libraries"}
    assert kept["libraries"] == [{"kind": "mkl", "version": "2025", "layer": "gnu"}]
    assert all(entries[0].interval(figure.key) is not None for figure in FIGURES if figure.key != LOSS)
    assert list(pair_lines(pair_of(*entries))) == [f"{entries[0].name}: no figure moved beyond its interval"]
