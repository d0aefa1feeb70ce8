import math
from pathlib import Path

import pytest

from pytest_multicore.errors import UsageError
from pytest_multicore.settings import marker as marker_arguments
from pytest_multicore.settings import options as settings
from pytest_multicore.settings.parsers import count, percentage


def nothing(option: settings.Option) -> None:
    return None


def test_defaults_hold_when_nobody_says_anything() -> None:
    found = settings.resolve_settings(nothing, {})
    assert (found.threads, found.baseline, found.environment, found.confidence) == ("auto", 1, "current", 0.99)
    assert (found.budget_s, found.strict, found.off, found.python) == (60.0, False, False, None)


def test_the_marker_wins_over_the_options() -> None:
    given = {"threads": "8", "budget": "5", "environment": "theano", "python": "/usr/bin/python3"}
    found = settings.resolve_settings(lambda option: given.get(option.name), {"threads": 2, "environment": "pytensor"})
    assert (found.threads, found.environment, found.budget_s) == (2, "pytensor", 5.0)
    assert found.python is None, "an environment that the test names is not replaced from outside"


@pytest.mark.parametrize(
    ("name", "found", "expected"),
    [
        ("threads", "0", "whole number from 1 to 1,000,000"),
        ("threads", str(10**9), "whole number from 1 to 1,000,000"),
        ("threads", "2.5", "whole number"),
        ("threads", "many", '"auto"'),
        ("budget", "-1", "above 0"),
        ("budget", "inf", "above 0"),
        ("confidence", "1", "0.5 to"),
        ("confidence", "0.4", "0.5 to"),
        ("confidence", "nan", "0.5 to"),
        ("priority", "high", '"auto" or "realtime" or "off"'),
        ("strict", "perhaps", "true or false"),
    ],
)
def test_a_wrong_option_names_itself_and_what_is_allowed(name: str, found: str, expected: str) -> None:
    with pytest.raises(UsageError, match=f"--multicore-{name} .*multicore_{name}.*{found}.*{expected}"):
        settings.resolve_settings(lambda option: found if option.name == name else None, {})


@pytest.mark.parametrize(
    ("argument", "value", "expected"),
    [
        ("min_cores", 0, "above 0"),
        ("min_cores", "four", "above 0"),
        ("min_cores", True, "above 0"),
        ("min_cores", math.nan, "above 0"),
        ("max_speedup", math.inf, "above 0"),
        ("min_efficiency", 1.01, "at most 1"),
        ("max_threads", 1.5, "whole number"),
        ("threads", -1, '"inherit"'),
        ("baseline", 0, "whole number"),
        ("environment", 3, "non-empty string"),
        ("budget", 0, "above 0"),
    ],
)
def test_a_wrong_marker_value_names_test_argument_and_what_is_allowed(
    argument: str, value: object, expected: str
) -> None:
    with pytest.raises(UsageError, match=rf"a_test.*{argument}=.*{expected}"):
        marker_arguments.read_marker("a_test", (), {argument: value})


def test_an_unknown_argument_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no argument 'min_core'; there are .*min_cores"):
        marker_arguments.read_marker("a_test", (), {"min_core": 2})


def test_arguments_go_by_keyword() -> None:
    with pytest.raises(UsageError, match="by keyword; found 4"):
        marker_arguments.read_marker("a_test", (4,), {})


def test_limits_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(UsageError, match="nothing lies between"):
        marker_arguments.read_marker("a_test", (), {"min_cores": 2, "max_cores": 1})
    with pytest.raises(UsageError, match="efficiency needs a thread count"):
        marker_arguments.read_marker("a_test", (), {"threads": "inherit", "min_efficiency": 0.5})


@pytest.mark.parametrize(("text", "share"), [("10%", 0.1), ("0%", 0.0), ("2.5 %", 0.025)])
def test_a_percentage_is_a_share(text: str, share: float) -> None:
    assert percentage(text) == pytest.approx(share)


@pytest.mark.parametrize("found", ["10", "-1%", "100%", "x%", "nan%", 0.1])
def test_what_is_no_percentage_is_refused(found: object) -> None:
    with pytest.raises(
        UsageError, match=r"--multicore-compare-fail .*: found .*, expected a percentage from 0% to below"
    ):
        settings.option_value("compare-fail", lambda option: found)


@pytest.mark.parametrize("value", [1, 1.0, "1"])
def test_counts_come_in_any_spelling(value: object) -> None:
    assert count(value) == 1


@pytest.mark.parametrize("marker", [{"threads": 2, "baseline": 2}, {"threads": 1}])
def test_sides_that_compare_nothing_are_refused(marker: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="nothing is compared; expected more threads"):
        marker_arguments.read_marker("a_test", (), {"min_speedup": 1.5, **marker})
    assert marker_arguments.read_marker("a_test", (), {"max_cores": 1.5, **marker})


@pytest.mark.parametrize(("argument", "value"), [("min_speedup", "1.3"), ("budget", "60"), ("threads", "2")])
def test_text_is_no_number_in_a_marker(argument: str, value: str) -> None:
    with pytest.raises(UsageError, match="not its text"):
        marker_arguments.read_marker("a_test", (), {argument: value})


def test_the_readme_tells_every_option_as_the_help_does() -> None:
    told = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8").replace("\\|", "|")
    assert settings.OPTIONS
    for option in settings.OPTIONS:
        usage = option.flag + (f"={option.metavar}" if option.metavar else "")
        assert f"| `{usage}` | {option.help} |" in told, usage
