"""What a trial's rounds say, from literals: proven, refuted, or neither, for each effect that a cause can have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_multicore.diagnosis.suspicions import Change, Effect, Replay, Trial
from pytest_multicore.diagnosis.trials import Finding, gain, is_settled, judge_trial, layout_could_do, took_effect
from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.figures import Comparison, comparison
from pytest_multicore.verdicts.statistics import Interval
from tests.rounds import look, made

COUNT = 20
#: So few rounds that no interval has bounds.
FEW = 3


def trial(effect: Effect, **told: Any) -> Trial:
    return Trial("a knob turned", effect, **told)


def compared(changed: Round, original: Round, count: int = COUNT) -> Comparison:
    """In turns with a control, which finds both cores as fast as ever."""
    row = (replace(changed, control=changed.control or look(2)), replace(original, control=look(2)))
    return comparison([row] * count, 0.99, of_change=True)


def found(effect: Effect, changed: Round, original: Round, before: Interval | None = None) -> Finding:
    return judge_trial(trial(effect), compared(changed, original), before).finding


@pytest.mark.parametrize(
    ("changed", "finding"),
    [(2.0, Finding.PROVEN), (1.06, Finding.PROVEN), (1.04, Finding.REFUTED), (1.0, Finding.REFUTED)],
)
def test_more_cores_have_to_be_busy_by_more_than_a_twentieth(changed: float, finding: Finding) -> None:
    assert found(Effect.MORE_CORES, made(0.1, changed), made(0.1, 1.0)) is finding


@pytest.mark.parametrize(
    ("wall_s", "finding"), [(0.1, Finding.PROVEN), (0.108, Finding.PROVEN), (0.12, Finding.REFUTED)]
)
def test_more_cores_that_make_the_same_work_slower_prove_nothing(wall_s: float, finding: Finding) -> None:
    """Workers that are started anew keep cores busy, too."""
    assert found(Effect.MORE_CORES, made(wall_s, 2.0), made(0.1, 1.0)) is finding
    larger = trial(Effect.MORE_CORES, change=Change(arguments={"batch_size": 2048}))
    assert judge_trial(larger, compared(made(wall_s, 2.0), made(0.1, 1.0))).finding is Finding.PROVEN


@pytest.mark.parametrize(
    ("wall_s", "finding"), [(0.06, Finding.PROVEN), (0.096, Finding.REFUTED), (0.105, Finding.REFUTED)]
)
def test_where_a_speed_up_was_missed_cores_that_only_spin_prove_nothing(wall_s: float, finding: Finding) -> None:
    """A pool that is let loose on work too small for it keeps the cores busy, and the miss stays."""
    has_to_gain = trial(Effect.MORE_CORES, has_to_gain=True)
    assert judge_trial(has_to_gain, compared(made(wall_s, 2.0), made(0.1, 1.0))).finding is finding


@pytest.mark.parametrize("has_to_gain", [True, False])
@pytest.mark.parametrize("wall_s", [0.098, 0.115, 0.15])
def test_cores_that_others_had_refute_nothing(has_to_gain: bool, wall_s: float) -> None:
    """Two threads wanted two cores for the whole round, and had one: on cores of their own they are twice as fast."""
    waited = made(wall_s, 1.0, demand=2.0, foreign=1.0, os_threads=2, control=look(2, speed=0.5))
    result = judge_trial(trial(Effect.MORE_CORES, has_to_gain=has_to_gain), compared(waited, made(0.1, 1.0)))
    assert result.finding is Finding.OPEN, result.text
    assert found(Effect.FASTER, waited, made(0.1, 1.0)) is Finding.OPEN
    assert found(Effect.FASTER, made(wall_s, 1.0), made(0.1, 1.0)) is Finding.REFUTED, "it wanted no more cores"


@pytest.mark.parametrize(
    ("change", "facts", "there"),
    [
        (Change(agent_changes=("processes",)), {"changed": {"processes": 1}}, True),
        (Change(agent_changes=("processes",)), {"changed": {"processes": 0}}, False),
        (Change(agent_changes=("spawn",)), {"changed": {}}, False),
        (Change(blas="openblas-pthread"), {"libraries": [{"kind": "openblas"}]}, True),
        (Change(blas="openblas-pthread"), {"libraries": [{"kind": "reference"}]}, False),
        (
            Change(variables={"MKL_THREADING_LAYER": "GNU"}),
            {"libraries": [{"kind": "mkl", "layer": "sequential"}]},
            False,
        ),
        (Change(theano_flags={"openmp": "True"}), {"theano": {"openmp": True}}, True),
        (Change(theano_flags={"openmp": "True"}), {"pytensor": {"openmp": False}}, False),
        (Change(threads=1), {}, True),
    ],
)
def test_a_change_that_did_not_reach_the_program_refutes_nothing(
    change: Change, facts: dict[str, object], there: bool
) -> None:
    made_so = trial(Effect.MORE_CORES, change=change)
    same = compared(made(0.1, 1.0), made(0.1, 1.0))

    assert took_effect(made_so, facts) is there
    tried = judge_trial(made_so, same, took_effect=there)
    assert tried.finding is (Finding.REFUTED if there else Finding.OPEN)
    assert ("did not reach" in tried.text) is not there


def test_a_change_that_costs_something_itself_refutes_nothing() -> None:
    """Short tasks are no faster in processes, whoever holds the interpreter's lock."""
    slower = compared(made(0.2), made(0.1))
    assert judge_trial(trial(Effect.FASTER, can_refute=False), slower).finding is Finding.OPEN
    assert judge_trial(trial(Effect.FASTER), slower).finding is Finding.REFUTED


@pytest.mark.parametrize(
    ("changed_s", "finding"),
    [(0.05, Finding.PROVEN), (0.092, Finding.OPEN), (0.097, Finding.REFUTED), (0.2, Finding.REFUTED)],
)
def test_faster_is_by_more_than_interpreters_differ(changed_s: float, finding: Finding) -> None:
    assert found(Effect.FASTER, made(changed_s), made(0.1)) is finding


@pytest.mark.parametrize(
    ("effect", "changed", "done"),
    [
        (Effect.FASTER, made(0.093), True),
        (Effect.FASTER, made(0.0955), False),
        (Effect.LESS_CPU, made(0.1, 0.93), True),
        (Effect.MORE_CORES, made(0.1, 1.1), True),
    ],
    ids=["surely too small", "on the edge", "surely too little", "proven"],
)
def test_a_difference_that_can_be_no_proof_is_settled(effect: Effect, changed: Round, done: bool) -> None:
    rows = [(changed, made(0.1)), (changed, made(0.0995)), (changed, made(0.1005))] * 7
    assert is_settled(trial(effect), comparison(rows, 0.99), None) is done


@pytest.mark.parametrize(
    ("cores", "wall_s", "finding"),
    [
        (1.0, 0.1, Finding.PROVEN),
        (1.0, 0.108, Finding.PROVEN),
        (1.0, 0.15, Finding.PROVEN),
        (2.0, 0.105, Finding.REFUTED),
        (1.85, 0.1, Finding.OPEN),
        (1.95, 0.1, Finding.REFUTED),
    ],
    ids=[
        "half the time on CPU",
        "a little longer",
        "much longer",
        "hardly slower all the while",
        "as interpreters differ",
        "as much time on CPU",
    ],
)
def test_cpu_time_that_falls_was_none_of_the_work(cores: float, wall_s: float, finding: Finding) -> None:
    assert found(Effect.LESS_CPU, made(wall_s, cores), made(0.1, 2.0)) is finding


@pytest.mark.parametrize(("wall_s", "helps"), [(0.1, True), (0.108, True), (0.15, False)])
def test_what_makes_it_slower_shows_the_cause_and_is_no_remedy(wall_s: float, helps: bool) -> None:
    """Threads that sleep in place of spinning may take long to wake up: PASSIVE was 0.44x as fast on tiny regions."""
    tried = judge_trial(trial(Effect.LESS_CPU), compared(made(wall_s, 1.0), made(0.1, 2.0)))
    assert (tried.finding, tried.helps) == (Finding.PROVEN, helps)


@pytest.mark.parametrize(
    ("wall_s", "finding"), [(0.15, Finding.PROVEN), (0.105, Finding.REFUTED), (0.08, Finding.REFUTED)]
)
def test_threads_that_are_woken_all_the_time_take_longer_where_they_sleep(wall_s: float, finding: Finding) -> None:
    """Tiny regions: to wake a thread for each takes more CPU time than to spin, and more time."""
    tried = judge_trial(trial(Effect.LESS_CPU), compared(made(wall_s, 2.0 * 0.1 / wall_s), made(0.1, 2.0)))

    assert tried.finding is finding
    assert (tried.trial.effect is Effect.SLOWER) is (finding is Finding.PROVEN)
    assert ("waking them up" in tried.text) is (finding is Finding.PROVEN)
    assert not (tried.helps and finding is Finding.PROVEN)


@pytest.mark.parametrize(("cores", "finding"), [(1.9, Finding.PROVEN), (1.0, Finding.OPEN)])
def test_one_thread_inside_is_no_proof_where_it_leaves_one_outside(cores: float, finding: Finding) -> None:
    """A variable may size both pools: one thread in all is another program."""
    inner = trial(Effect.FASTER, min_cores=1.1)
    assert judge_trial(inner, compared(made(0.05, cores), made(0.1, 2.0))).finding is finding


@pytest.mark.parametrize(("changed", "finding"), [(1, Finding.PROVEN), (2, Finding.REFUTED)])
def test_fewer_threads_are_counted(changed: int, finding: Finding) -> None:
    assert found(Effect.FEWER_THREADS, made(os_threads=changed), made(os_threads=2)) is finding


@pytest.mark.parametrize(("gained", "finding"), [(1.9, Finding.PROVEN), (1.25, Finding.OPEN), (1.05, Finding.REFUTED)])
def test_changed_work_scales_where_it_gains_more_than_the_original_did(gained: float, finding: Finding) -> None:
    original = Interval(1.05, 1.1, 1.15, 0.99)
    assert found(Effect.SCALES, made(0.1), made(0.1 * gained, threads=1), original) is finding


def test_what_the_original_gained_is_needed_for_that() -> None:
    assert found(Effect.SCALES, made(0.1), made(0.19, threads=1)) is Finding.OPEN


def test_a_side_of_which_little_is_known_need_not_keep_any_core_busy() -> None:
    """Few rows bound the changed side's cores not: that undoes no proof of a trial that asks for none."""
    rows = [
        (
            made(
                0.1,
                0.5 + number % 2,
            ),
            made(0.1, 3.2),
        )
        for number in range(COUNT)
    ]
    assert judge_trial(trial(Effect.LESS_CPU), comparison(rows, 0.99)).finding is Finding.PROVEN


@pytest.mark.parametrize("effect", [effect for effect in Effect if effect is not Effect.SCALES])
def test_too_few_rounds_prove_nothing_and_refute_nothing(effect: Effect) -> None:
    few = compared(made(0.05, 1.0, os_threads=1), made(0.1, 2.0, os_threads=2), FEW)

    assert judge_trial(trial(effect), few).finding is Finding.OPEN
    assert not is_settled(trial(effect), few, None)


def test_a_spread_that_holds_both_answers_leaves_it_open() -> None:
    rows = [(made(0.05 if number % 2 else 0.2), made(0.1)) for number in range(COUNT)]

    assert judge_trial(trial(Effect.FASTER), comparison(rows, 0.99)).finding is Finding.OPEN


def test_the_difference_is_told_with_its_intervals() -> None:
    text = judge_trial(trial(Effect.MORE_CORES), compared(made(0.05, 2.0), made(0.1, 1.0))).text

    assert (
        text == "a knob turned: 2.00 [2.00, 2.00] cores busy in place of 1.00 [1.00, 1.00], 2.00x [2.00, 2.00] as fast"
    )


@pytest.mark.parametrize("told", [{"change": Change(arguments={"size": 9})}, {"replay": Replay({}, {})}])
def test_other_work_is_not_compared_in_time(told: dict[str, object]) -> None:
    assert "as fast" not in judge_trial(trial(Effect.MORE_CORES, **told), compared(made(0.05), made(0.1))).text


@pytest.mark.parametrize(
    ("effect", "changed", "original", "could"),
    [
        (Effect.MORE_CORES, made(0.05, 2.0), made(0.1, 1.0), False),
        (Effect.MORE_CORES, made(0.05, 2.0), made(0.1, 1.4), True),
        (Effect.FASTER, made(0.05), made(0.1), True),
        (Effect.FASTER, made(0.03), made(0.1), False),
        (Effect.LESS_CPU, made(0.1, 1.0), made(0.1, 2.0), True),
        (Effect.LESS_CPU, made(0.1, 0.5), made(0.1, 2.0), False),
        (Effect.SLOWER, made(0.2), made(0.1), True),
        (Effect.SLOWER, made(0.4), made(0.1), False),
        (Effect.FEWER_THREADS, made(os_threads=1), made(os_threads=2), False),
        (Effect.SCALES, made(0.1), made(0.19, threads=1), True),
    ],
    ids=[
        "one thread before: no layout starts another",
        "threads that wait for a slow one",
        "twice as fast",
        "more than any layout",
        "half of the CPU time",
        "less than by any layout",
        "slower by as much as layouts are",
        "by more",
        "threads are counted",
        "a gain that two processes have",
    ],
)
def test_a_layout_makes_threads_slower_and_starts_none(
    effect: Effect, changed: Round, original: Round, could: bool
) -> None:
    assert layout_could_do(trial(effect), compared(changed, original)) is could


@pytest.mark.parametrize(
    ("effect", "changed", "original", "ratio"),
    [
        (Effect.MORE_CORES, made(0.1, 1.8), made(0.1, 1.2), 1.5),
        (Effect.FASTER, made(0.1), made(0.15), 1.5),
        (Effect.LESS_CPU, made(0.1, 1.0), made(0.1, 1.5), 1.5),
        (Effect.SLOWER, made(0.15), made(0.1), 1.5),
        (Effect.FEWER_THREADS, made(os_threads=2), made(os_threads=3), 1.5),
    ],
)
def test_the_gain_is_by_what_the_cause_predicts(effect: Effect, changed: Round, original: Round, ratio: float) -> None:
    assert gain(trial(effect), compared(changed, original), None).low == pytest.approx(ratio)
    few = gain(trial(effect), compared(changed, original, FEW), None)
    assert few.estimate == pytest.approx(ratio)
    assert few.low < 1, "so few rows do not bound it"


def test_the_gain_of_changed_work_is_over_what_the_original_gains() -> None:
    before = Interval(1.1, 1.2, 1.3, 0.99)
    found = gain(trial(Effect.SCALES), compared(made(0.1), made(0.18, threads=1)), before)
    assert (found.low, found.estimate) == (pytest.approx(1.8 / 1.3), pytest.approx(1.5))
