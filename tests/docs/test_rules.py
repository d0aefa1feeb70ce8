"""The page of the rules is in step with the code that it is made from."""

import importlib.util
import re

from pytest_multicore.rounds.tolerances import FORECAST_S, MAX_TRIALS
from pytest_multicore.verdicts.rules import Rule

from .pages import DOCS, text_of

spec = importlib.util.spec_from_file_location("rule_tables", DOCS / "rule_tables.py")
assert spec
assert spec.loader
rule_tables = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rule_tables)

PAGE = text_of("reference/rules")


def test_the_page_shows_both_tables() -> None:
    assert re.findall(r"^```\{multicore-table\} (\w+)$", PAGE, re.MULTILINE) == ["rules", "thresholds"]
    registered = (DOCS / "tables.py").read_text(encoding="utf-8")
    assert "from rule_tables import rules, thresholds" in registered
    assert re.search(r"for table in \([^)]*\brules,\s+thresholds\b", registered)


def test_every_rule_has_its_row() -> None:
    _heading, *rows = rule_tables.rules()
    assert rows == [(f"`{rule.name}`", rule.value) for rule in Rule]


def test_every_rule_has_its_place_in_the_order() -> None:
    places = " ".join(re.findall(r"^(?:\d\.| {3}).*$", PAGE, re.MULTILINE))
    named = [word for word in re.findall(r"\b[A-Z_]{3,}\b", places) if word in Rule.__members__]
    assert sorted(named) == sorted(Rule.__members__)


def test_thresholds_have_value_and_reason() -> None:
    heading, *rows = rule_tables.thresholds()
    assert len(heading) == 3
    assert len(rows) > 20
    values = {name: value for name, value, _ in rows}
    assert len(values) == len(rows)
    assert values["`FORECAST_S`"] == f"{FORECAST_S:g}"
    assert values["`MAX_TRIALS`"] == str(MAX_TRIALS)
    assert all(len(reason) > 10 and "|" not in reason for _, _, reason in rows)
