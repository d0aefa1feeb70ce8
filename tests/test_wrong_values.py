"""What a user may write by mistake, in every option, marker argument and key of pyproject.toml: all tables are walked.

A new option, argument or key is tried without anybody's thinking of it.
"""

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.environments import cache
from pytest_multicore.environments.project_environments import PARSERS, environments_in
from pytest_multicore.environments.provision import prepare
from pytest_multicore.errors import EnvironmentUnavailable, UsageError
from pytest_multicore.settings import parsers
from pytest_multicore.settings.marker import LIMITS, MARKER, read_marker
from pytest_multicore.settings.options import OPTIONS, Option, axis_values, resolve_settings

#: No option takes any of these as a number, and no switch or choice either.
NO_NUMBERS = ("", " ", "nan", "-nan", "inf", "-inf", "1e999", "0x10", "1;5", "²", "é\udcff\u202e", "--", "None", "1 2")
#: Nor these, which Python code may hold.
NO_NUMBERS_IN_CODE: tuple[Any, ...] = (
    None,
    [],
    {},
    (),
    b"1",
    object(),
    float,
    1j,
    math.nan,
    math.inf,
    -math.inf,
    10**400,
    -(10**400),
)


class Odd:
    """It answers to everything, and is neither text nor number."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")

    __hash__ = None  # type: ignore[assignment]


def short(raw: object) -> str:
    return repr(raw)[:20]


def taken_for_text(argument: str, raw: object) -> bool:
    return MARKER[argument][0] is parsers.word and isinstance(raw, str) and raw == "nan"


def takes_numbers(option: Option) -> bool:
    return option.parse not in (parsers.word, parsers.switch) and "choice" not in option.parse.__qualname__


@pytest.mark.parametrize("raw", NO_NUMBERS)
@pytest.mark.parametrize("option", [one for one in OPTIONS if one.parse is not parsers.word], ids=lambda one: one.name)
def test_an_option_names_itself_what_was_found_and_what_is_allowed(option: Option, raw: str) -> None:
    with pytest.raises(UsageError) as told:
        axis_values(option.name, lambda _: raw)
    assert all(part in str(told.value) for part in (option.flag, option.ini, "found ", "expected "))


@pytest.mark.parametrize("raw", ["-1", "-1e-300", "1e308", "9" * 400, "-" + "9" * 400])
@pytest.mark.parametrize("option", [one for one in OPTIONS if takes_numbers(one)], ids=lambda one: one.name)
def test_a_number_out_of_range_is_refused_or_finite(option: Option, raw: str) -> None:
    told, value = "", math.inf
    try:
        (value,) = axis_values(option.name, lambda _: raw)
    except UsageError as error:
        told = str(error)
    assert option.flag in told or 0 <= value < math.inf


@pytest.mark.parametrize("raw", ["", " ", "\t", "\n", "a\0b", "a\ud800"])
@pytest.mark.parametrize("option", [one for one in OPTIONS if one.parse is parsers.word], ids=lambda one: one.name)
def test_a_word_that_is_empty_or_no_program_can_be_given_is_refused(option: Option, raw: str) -> None:
    with pytest.raises(UsageError, match=f"{option.flag} .*expected a non-empty string"):
        axis_values(option.name, lambda _: raw)


@pytest.mark.parametrize("option", [one for one in OPTIONS if one.varies], ids=lambda one: one.name)
@pytest.mark.parametrize("separator", [",", "\n", " , "])
def test_the_same_value_twice_is_refused(option: Option, separator: str) -> None:
    word = "2" if option.parse is parsers.threads else "scipy"
    with pytest.raises(UsageError, match=f"{option.flag} .*expected different values"):
        axis_values(option.name, lambda _: f"{word}{separator}{word}")


@pytest.mark.parametrize(
    "raw",
    [*NO_NUMBERS_IN_CODE, Odd(), Decimal("sNaN"), "", " ", "nan", "a\0b", "a\ud800"],
    ids=lambda raw: repr(raw)[:20],
)
@pytest.mark.parametrize("argument", MARKER)
def test_a_marker_names_the_test_the_argument_and_what_is_allowed(argument: str, raw: Any) -> None:
    if taken_for_text(argument, raw):
        assert read_marker("test_file.py::test_it", (), {argument: raw})[argument] == raw
        return
    with pytest.raises(UsageError) as told:
        read_marker("test_file.py::test_it", (), {argument: raw})
    assert all(part in str(told.value) for part in ("test_file.py::test_it", argument, "found ", "expected "))


@pytest.mark.parametrize("argument", LIMITS)
@pytest.mark.parametrize(
    "raw", [-1, -0.5, True, False, "1", Decimal(-1), Fraction(-1, 2), -(2**70)], ids=lambda raw: repr(raw)[:20]
)
def test_a_limit_is_no_negative_number_no_flag_and_no_text(argument: str, raw: Any) -> None:
    with pytest.raises(UsageError, match=argument):
        read_marker("test_file.py::test_it", (), {argument: raw})


@pytest.mark.parametrize(
    "value", ["true", "-1", "nan", "[]", "[[]]", '""', "[1, 'a']", "1979-05-27", "{x = {y = [1]}}"]
)
@pytest.mark.parametrize("key", PARSERS)
def test_a_key_of_pyproject_is_refused_by_its_name_or_read(key: str, value: str, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(f"[tool.pytest-multicore.environments.mine]\n{key} = {value}\n", encoding="utf-8")
    told, read = "", {}
    try:
        read = environments_in(file)
    except UsageError as error:
        told = str(error)
    assert read or all(part in told for part in (str(file), "environments.mine", key, "found ", "expected "))


@pytest.mark.parametrize("name", ["../../mine", "/etc/mine", "a/b", "..", " ", "CON", "x" * 300, "é", "a\\u0000b"])
def test_no_name_of_an_environment_leaves_the_cache(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders are named by a digest of what is in them, never by a name that a user chose."""
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "cache"))
    file = tmp_path / "pyproject.toml"
    file.write_text(f'[tool.pytest-multicore.environments."{name}"]\nrequires = ["a"]\n', encoding="utf-8")
    (environment,) = environments_in(file).values()
    with pytest.raises(EnvironmentUnavailable, match="is not built yet"):
        prepare(environment, build=False)
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "pyproject.toml"}
    assert {path.name for path in (tmp_path / "cache").iterdir()} <= {"environments", "locks", "logs"}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda one: one.name)
def test_settings_are_made_of_every_options_default(option: Option) -> None:
    assert resolve_settings(lambda _: None, {})
    assert axis_values(option.name, lambda _: None) == (option.default,)
