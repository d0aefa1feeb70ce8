"""What is told, and advised: on literal evidence, and on suspicions and trials made of literals."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_multicore.diagnosis.causes import catalogue
from pytest_multicore.diagnosis.evidence import BlasCalls
from pytest_multicore.diagnosis.remedies import proven_remedy, told, unproven_remedy
from pytest_multicore.diagnosis.suspicions import Effect, Explanation, Suspicion, Trial
from pytest_multicore.diagnosis.trials import Finding, TrialResult

from .literals import idle, line, observed, operand, pool, seen, task
from .suffering import keys

LINE_OF_TRIAL = "set A=1"


def suspicion(**told: Any) -> Suspicion:
    return Suspicion("a-key", 0.5, "evidence", "fewer threads", **told)


def explained(one: Suspicion) -> tuple[Suspicion, Explanation]:
    return one, Explanation(one.key, False, one.evidence, one.remedy)


@pytest.mark.parametrize(
    ("line_of_trial", "helps", "remedy"),
    [(LINE_OF_TRIAL, True, LINE_OF_TRIAL), (LINE_OF_TRIAL, False, "fewer threads"), ("", True, "fewer threads")],
    ids=["it helped", "it made it slower", "the trial is the remedy's"],
)
def test_the_line_that_a_trial_ran_is_the_remedy_where_it_helped(line_of_trial: str, helps: bool, remedy: str) -> None:
    proof = TrialResult(Trial("A=1", Effect.LESS_CPU, remedy=line_of_trial), Finding.PROVEN, "", helps=helps)
    assert proven_remedy(suspicion(), proof) == remedy


def test_what_no_trial_has_run_is_told_as_untried() -> None:
    assert unproven_remedy(suspicion()) == "untried: fewer threads"
    assert unproven_remedy(suspicion(remedy_is_measured=True)) == "fewer threads"


@pytest.mark.parametrize(
    ("line_of_trial", "ran", "remedy"),
    [
        ("", True, "not proven: fewer threads"),
        ("", False, "untried: fewer threads"),
        (LINE_OF_TRIAL, True, "untried: fewer threads"),
    ],
    ids=["it decided nothing", "it did not run", "it ran another line"],
)
def test_a_remedy_that_a_trial_ran_without_a_decision_is_not_told_as_untried(
    line_of_trial: str, ran: bool, remedy: str
) -> None:
    result = TrialResult(Trial("A=1", Effect.FASTER, remedy=line_of_trial), Finding.OPEN, "", ran=ran)
    assert unproven_remedy(suspicion(), [result]) == remedy


def test_what_explains_less_than_a_third_of_the_loss_is_never_told_first() -> None:
    minor, major = suspicion(share_of_loss=0.33), suspicion(share_of_loss=0.34)

    assert told([explained(minor)], first=True) == []
    assert len(told([explained(minor)], first=False)) == 1, "behind a proven one"
    assert len(told([explained(major), explained(minor)], first=True)) == 2
    assert len(told([explained(suspicion())], first=True)) == 1, "its share is not known"


def test_what_was_tried_because_it_may_be_so_is_told_with_a_proof_alone() -> None:
    assert told([explained(suspicion(told_unproven=False))], first=True) == []


def test_products_that_are_a_fifth_of_the_time_do_not_come_first() -> None:
    """Whatever speaks for them: 0.02 s of 0.1 s, where half of two cores is lost."""
    facts = observed(line(), pools={"opened": pool(2)})
    calls = (BlasCalls("dgemm", 1, 1, 1000, 10, 0.02),)
    few = idle(0.9, facts=facts, calls=calls, threshold=1000, thread_samples=seen(task()))

    assert keys(few)[0] != "gemm-too-small"
    assert keys(few)[-1] == "gemm-too-small"
    assert next(one for one in catalogue.ranked_suspicions(few) if one.key == "gemm-too-small").is_minor


def test_a_part_of_the_time_explains_more_of_a_smaller_loss() -> None:
    """At 1.6x on two cores 0.4 of a core is lost: a serial part of 0.2 of the time costs half of that."""
    assert idle(1.6, 1.6).share_of_loss(0.2) == pytest.approx(0.5)
    assert idle(1.0, 1.0).share_of_loss(0.2) == pytest.approx(0.2)
    assert idle(2.0, 2.0).share_of_loss(0.2) == 1.0


def test_a_lock_is_told_with_the_line_of_its_holder() -> None:
    """A pool whose tasks sleep under one lock: without sleep it is 72x as fast, and that shows nothing of the lock."""
    held = line("time.sleep(0.01)", line=17, function="step", thread="Pool_#", samples=90)
    at_lock = line("with LOCK:", line=16, function="step", thread="Pool_#", samples=90, share=0.0)
    elsewhere = line("list(pool.map(step, range(8)))", line=33, function="test", samples=95)
    facts = observed(held, at_lock, elsewhere, python_threads=0, slept_s=0.9)
    (found,) = (
        one
        for one in catalogue.ranked_suspicions(idle(0.0, facts=facts, thread_samples=seen(task(S=1.0))))
        if one.key == "waiting"
    )

    assert "waited for a lock at work.py:16 (with LOCK:); who had it was at work.py:17 (time.sleep(0.01))" in (
        found.evidence
    )
    assert found.trials == []
    assert found.remedy.startswith("split the lock")


def test_arrays_that_take_little_of_the_time_are_not_replayed_to_prove_it() -> None:
    facts = observed(line("numpy.exp(a)", "elementwise", operand([500_000]), share=0.31))
    (found,) = (one for one in catalogue.ranked_suspicions(idle(facts=facts)) if one.key == "elementwise-serial")

    assert found.is_minor
    assert found.trials[0].replay
