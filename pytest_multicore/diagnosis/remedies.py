"""What is told of suspicions, and advised: a remedy is a line that a trial has run, or it is told as untried."""

from __future__ import annotations

from collections.abc import Sequence

from .suspicions import Explanation, Suspicion
from .trials import TrialResult


def proven_remedy(suspicion: Suspicion, proof: TrialResult) -> str:
    """What to do about a proven cause.

    That is the line that the trial ran, where that helped. A trial may show the cause and make it slower: then its line
    is no remedy.
    """
    return proof.trial.remedy if proof.trial.remedy and proof.helps else suspicion.remedy


def unproven_remedy(suspicion: Suspicion, results: Sequence[TrialResult] = ()) -> str:
    """What may help where nothing is proven. Lines that a trial ran and that did not help are not among it.

    Args:
        suspicion: the suspicion.
        results: of its trials. Where the program ran with the remedy, and that decided nothing, it is not untried.
    """
    if suspicion.remedy_is_measured:
        return suspicion.remedy
    ran = any(result.ran and not (result.trial.remedy or result.trial.replay) for result in results)
    return f"{'not proven' if ran else 'untried'}: {suspicion.remedy}"


def told(suspected: Sequence[tuple[Suspicion, Explanation]], *, first: bool = False) -> list[Explanation]:
    """The suspicions that are worth a word.

    Args:
        suspected: each with its explanation, the strongest first.
        first: whether nothing is told before them. What could explain but little of the lost time is told behind
            others alone.
    """
    worth = [(suspicion, explanation) for suspicion, explanation in suspected if suspicion.told_unproven]
    if first and all(suspicion.is_minor for suspicion, _ in worth):
        return []
    return [explanation for _, explanation in worth]
