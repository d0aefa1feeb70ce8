"""Each term stands in the glossary once, and its figures are those of the code."""

import re
from pathlib import Path

import pytest

from pytest_multicore.reports.table import HEADINGS
from pytest_multicore.rounds import tolerances
from pytest_multicore.settings.options import OPTIONS

GLOSSARY = Path(__file__).parents[2] / "docs" / "reference" / "glossary.md"
DEFAULTS = {option.name: option.default for option in OPTIONS}


def definitions() -> list[tuple[str, str]]:
    """Terms with their definitions, in order."""
    parts = re.split(r"^### (.+)$", GLOSSARY.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def test_each_term_is_defined_once() -> None:
    terms = [term for term, _ in definitions()]
    assert len(terms) > 30, "the search finds next to nothing"
    assert len({term.casefold() for term in terms}) == len(terms)


def test_what_the_reports_head_their_columns_with_is_defined() -> None:
    first_words = {re.split(r" cores| speed-up", term)[0].casefold() for term, _ in definitions()}
    assert {heading.casefold() for heading in HEADINGS} - first_words == {"test", "blas", "threads", "outcome"}


@pytest.mark.parametrize(
    ("term", "figure"),
    [
        ("Round", f"about {1000 * tolerances.ROUND_S:g} ms"),
        ("Control", f"within {1000 * tolerances.MIN_BURST_S:g} to {1000 * tolerances.MAX_BURST_S:g} ms"),
        ("Undisturbed row", f"at most {100 * tolerances.MAX_DISTURBANCE_SHARE:g} % of"),
        ("Confidence", f"{DEFAULTS['confidence']:g} by default"),
        ("Budget", f"{DEFAULTS['budget']:g} by default"),
        ("Settle time", f"{DEFAULTS['settle']:g} by default"),
    ],
)
def test_its_figures_are_those_of_the_code(term: str, figure: str) -> None:
    definition = dict(definitions())[term]
    assert figure in " ".join(definition.split()), definition
