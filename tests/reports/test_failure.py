"""What a missed limit says beside the figures."""

from dataclasses import replace

from pytest_multicore.reports.failure import MAX_NAMED_THREADS, _counted, _limit, summary
from pytest_multicore.reports.words import threads
from pytest_multicore.rounds.round import ThreadUse
from tests.rounds import made

from .literals import against_base, measured, unmeasured

SIDES = {"threads": 1, "baseline": None, "speedup": None, "vary": "cores"}
USES = [ThreadUse("python", 1, 1, 0.001), *(ThreadUse(f"worker-{tid}", 1, tid, 0.01 * tid) for tid in range(2, 12))]


def test_threads_that_are_too_many_are_named_with_what_each_did() -> None:
    told = _counted(replace(made(0.1), thread_use=tuple(USES[:3])))
    assert told.startswith("worker-3 0.30, worker-2 0.20, python 0.01 cores; a caller that waits for its pool counts")
    many = _counted(replace(made(0.1), thread_use=tuple(USES)))
    assert many.count("worker-") == MAX_NAMED_THREADS
    assert ", and 3 more cores;" in many


def test_a_limit_on_a_base_is_told_in_percent_and_another_as_it_is() -> None:
    (loss,), (speedup,) = (one["verdicts"] for one in (against_base(0.1, 0.1, cores=1.0), measured(1.0)))
    assert _limit(loss, 0.99) == "max_loss=0.1; measured 50 [50, 50] % at confidence 0.99 a side"
    assert _limit(speedup, 0.99) == "min_speedup=1.5; measured 1.00x [1.00, 1.00] at confidence 0.99 a side"


def test_one_core_is_no_cores() -> None:
    assert threads(SIDES) == "1 core"
    assert threads({**SIDES, "threads": 2}) == "2 cores"
    assert threads({**SIDES, "threads": 2, "baseline": 1, "speedup": {}}) == "2 vs 1 cores"
    assert threads({**SIDES, "vary": "threads"}) == "1"


def test_a_summary_begins_with_the_limit_and_the_figure() -> None:
    assert summary(measured(1.0)) == "min_speedup=1.5 missed: 1.00x [1.00, 1.00]"
    assert summary(against_base(0.1, 0.1, cores=1.0)) == "max_loss=0.1 missed: 50 [50, 50] %"
    assert summary(unmeasured(reason="no network\nits last lines")) == "undecided: no network"
