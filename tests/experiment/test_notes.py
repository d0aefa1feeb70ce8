"""What is told of figures where no limit would say it."""

from dataclasses import replace

from pytest_multicore.experiment.notes import _figure_notes
from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.judge import judgement
from pytest_multicore.verdicts.limits import Limits
from pytest_multicore.verdicts.open_reasons import OpenMeasurement
from tests.rounds import look, made

Row = tuple[Round, ...]
IGNORES: Row = (made(0.1, 2.0, control=look(2)), made(0.1, 1.9, threads=1, control=look(1)))
SLEEPS: Row = (made(0.1, 0.02, threads=8, control=look(2)), made(0.7, 0.01, threads=1, control=look(1)))
WORKS: Row = (made(0.1, 2.0, control=look(2)), made(0.19, 1.0, threads=1, control=look(1)))


def told(row: Row, limits: Limits | None = None, vary: str = "threads") -> str:
    """The notes on a test that was measured in 20 such rows."""
    rows = [tuple(map(replace, row)) for _ in range(20)]
    judged = judgement(limits or Limits(), rows, 0.99)
    case = OpenMeasurement(rows, judged, 10.0, 60.0, 0.99, vary=vary)
    return "; ".join(_figure_notes(judged, case, None))


def test_without_a_limit_a_baseline_that_ignores_its_setting_is_told_too() -> None:
    text = told(IGNORES)
    assert text.startswith("told to use 1 thread it kept 1.90 cores busy, and what more threads gain is in it")
    assert 'use vary="cores"' in text
    assert told(IGNORES, vary="cores").startswith("given 1 core it kept 1.90 cores busy")
    assert 'use vary="cores"' in told(IGNORES, Limits(min_cores=1.5)), "a limit on one side says nothing of the other"
    assert told(IGNORES, Limits(min_speedup=1.5)) == "", "there the limit's own reason says so"


def test_what_waits_is_told_from_work_and_work_is_told_nothing() -> None:
    assert told(SLEEPS) == "waits, not work: 0.02 cores busy, so cores do not bound its speed-up"
    assert told(WORKS) == ""


def test_less_cpu_time_is_not_what_cores_give() -> None:
    """Measured: temporaries of 0.16 MB that one thread gave back to the system each time; 12x as fast on two cores."""
    faults = (made(0.05, 1.9, control=look(2)), made(0.6, 1.0, threads=1, control=look(1)))
    assert told(faults).startswith("0.16x the CPU time of the baseline: not cores alone make it faster")
    caches = (made(0.1, 1.9, control=look(2)), made(0.21, 1.0, threads=1, control=look(1)))
    assert told(caches) == "", "two cores have more cache than one"


def test_threads_that_others_keep_from_a_core_are_no_sleepers() -> None:
    """A real-time class of others may leave a product a tenth of a core: it waited for cores alone."""
    row = (made(0.9, 0.1, demand=1.0, control=look(2)), made(0.8, 0.12, threads=1, demand=1.0, control=look(1)))
    assert "waits, not work" not in told(row)
    ended = [replace(one, delay_s=0.0, thread_use=(), threads_unseen=2, foreign_s=one.wall_s) for one in row]
    assert "waits, not work" not in told(tuple(ended)), "threads that ended took along how long they had waited"


def test_a_baseline_with_more_threads_than_cores_is_told_to_look_slower() -> None:
    crowded = (WORKS[0], made(0.19, 1.0, threads=1, os_threads=3, control=look(1)))
    assert told(crowded, vary="cores").startswith("the baseline had 3 threads at work on 1 core: its pool does not")
    assert told(crowded) == "", "where sides differ in threads they share all cores"
    uses = WORKS[1].thread_use
    called = replace(WORKS[1], thread_use=(*uses, replace(uses[0], tid=9, cpu_s=0.1 * uses[0].cpu_s)))
    assert told((WORKS[0], called), vary="cores") == "", "who only calls the pool is not at work"
