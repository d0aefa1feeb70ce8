"""What a trial's rounds say where others had the cores that one of the two sides asked for."""

from dataclasses import replace

from pytest_multicore.diagnosis.suspicions import Effect, Trial
from pytest_multicore.diagnosis.trials import Finding, judge_trial
from tests.rounds import look, made

from .test_trials import compared


def test_a_change_that_costs_cores_is_no_gain_beside_others_for_certain() -> None:
    """Two threads that spin while the other lacks a core take 0.3 s beside loops, 0.063 s without; one takes 0.1 s."""
    one_thread = Trial("OPENBLAS_NUM_THREADS=1", Effect.FASTER)
    changed = made(0.1, 1.0, os_threads=1, foreign=1.0, cores_online=2, control=look(2, 0.55, share=0.55))
    beside = made(0.3, 1.2, demand=2.0, os_threads=2, foreign=0.8, cores_online=2, control=look(2, 0.6, share=0.6))
    assert judge_trial(one_thread, compared(changed, beside)).finding is Finding.OPEN
    alone = replace(changed, foreign_s=0.0, control=look(2)), made(0.063, 1.9, cores_online=2, control=look(2))
    assert judge_trial(one_thread, compared(*alone)).finding is Finding.REFUTED
    spinning = replace(changed, foreign_s=0.0), made(0.3, 2.0, cores_online=2, control=look(2))
    assert judge_trial(one_thread, compared(*spinning)).finding is Finding.PROVEN
