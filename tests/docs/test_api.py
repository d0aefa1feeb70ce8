"""The index of the API: it has every public name, and each of its links leads to something."""

import re
from importlib import import_module

import pytest

import pytest_multicore
from pytest_multicore import errors
from pytest_multicore.pytest_side.fixtures import Multicore
from pytest_multicore.settings.marker import FIXTURES

from .pages import text_of

PAGE = text_of("reference/api")
TARGETS = re.findall(r"\{py:(?:class|meth)\}`(?:~|[^`<]*<)?([\w.]+)>?`", PAGE)


def test_every_public_name_is_there() -> None:
    assert {target.rpartition(".")[2] for target in TARGETS} >= set(pytest_multicore.__all__)


def test_every_fixture_and_method_is_there() -> None:
    assert all(f"`{name}`" in PAGE for name in FIXTURES)
    methods = [name for name in vars(Multicore) if not name.startswith("_")]
    assert len(methods) > 2
    assert all(f".Multicore.{name}>" in PAGE for name in methods)


@pytest.mark.parametrize("target", TARGETS)
def test_a_link_leads_to_something(target: str) -> None:
    owner, _, name = target.rpartition(".")
    holder, _, inner = owner.rpartition(".")
    found = getattr(import_module(holder), inner) if inner[:1].isupper() else import_module(owner)
    assert getattr(found, name).__doc__


def test_errors_are_described_where_they_are_defined() -> None:
    assert all(hasattr(errors, target.rpartition(".")[2]) for target in TARGETS if ".errors." in target)
