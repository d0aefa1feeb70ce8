"""What Python's own help says of the package: an introduction, and each figure's fields."""

import pydoc
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

import pytest_multicore
from pytest_multicore.settings.marker import FIXTURES, MARKER

FIGURES = [one for name in pytest_multicore.__all__ if is_dataclass(one := getattr(pytest_multicore, name))]


def test_help_introduces_marker_fixtures_and_names() -> None:
    introduction = pytest_multicore.__doc__ or ""
    missing = [name for name in [*MARKER, *FIXTURES, *pytest_multicore.__all__] if f"``{name}``" not in introduction]
    assert missing == []


def test_help_shows_the_names_that_load_late() -> None:
    shown = pydoc.plain(pydoc.render_doc(pytest_multicore))
    assert [name for name in pytest_multicore.__all__ if f"class {name}(" not in shown] == []


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.__name__)
def test_each_field_is_explained(figure: type[Any]) -> None:
    assert len(FIGURES) > 3, "the search finds next to nothing"
    told = (figure.__doc__ or "").partition("Attributes:")[2].replace("low, high:", "low: high:")
    assert [field.name for field in fields(figure) if f"{field.name}:" not in told] == []
