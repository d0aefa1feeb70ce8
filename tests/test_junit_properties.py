"""Figures of a measured test in pytest's JUnit file."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.reports.junit import properties
from tests.fixture_types import Run
from tests.reports.literals import CAUSE, against_base, measured, unmeasured


def of_file(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Our properties of each test."""
    tests = ElementTree.parse(folder / "junit.xml").iter("testcase")  # noqa: S314 - pytest's own
    return {
        test.attrib["name"]: [
            (one.attrib["name"].removeprefix("multicore_"), one.attrib["value"])
            for one in test.iter("property")
            if one.attrib["name"].startswith("multicore_")
        ]
        for test in tests
    }


def test_what_was_measured_becomes_properties() -> None:
    assert dict(properties(measured(1.1, causes=[CAUSE]))) == {
        "multicore_outcome": "failed",
        "multicore_threads": 2,
        "multicore_busy_cores": "2.00",
        "multicore_useful_cores": "1.10",
        "multicore_speedup": "1.10",
        "multicore_attained_speedup": "2.00",
        "multicore_cause": "thread-limit",
    }
    assert dict(properties(measured(1.1, workload="dot", causes=[{**CAUSE, "proven": False}]))).keys() >= {
        "multicore_speedup[dot]",
        "multicore_cause[dot]",
    }


def test_so_does_what_became_of_it_against_a_base() -> None:
    told = dict(properties(against_base(0.1, 0.1, cores=1.0)))
    assert {name.removeprefix("multicore_"): told[name] for name in told if "base" in name or "loss" in name} == {
        "base": "git:main",
        "base_verdict": "threading regression",
        "loss": "0.50",
    }


def test_what_was_not_measured_is_left_out() -> None:
    record = {**unmeasured(), "threads": None}
    assert dict(properties(record)) == {"multicore_outcome": "inconclusive", "multicore_threads": "inherit"}
    suspected: dict[str, Any] = {**record, "causes": [{**CAUSE, "proven": False}]}
    assert dict(properties(suspected))["multicore_cause"] == "thread-limit (not proven)"


def test_the_file_has_them_with_the_tests_own(run: Run, pytester: pytest.Pytester) -> None:
    source = (
        "@gated\ndef test_a(record_property):\n    record_property('colour', 'blue')\n    work()\n"
        "def test_b(): pass\n"
        "@pytest.mark.multicore(min_cores=100_000)\ndef test_c(): pass\n"
    )
    run(source, "--junitxml=junit.xml")
    told = of_file(pytester.path)
    assert [name for name, _ in told["test_a"]][:3] == ["outcome", "threads", "busy_cores"]
    assert dict(told["test_a"])["threads"] == "1"
    assert float(dict(told["test_a"])["busy_cores"]) > 0.5
    assert told["test_b"] == []
    assert told["test_c"] == [("outcome", "inconclusive"), ("threads", dict(told["test_c"])["threads"])]
    assert 'name="colour" value="blue"' in (pytester.path / "junit.xml").read_text()


@pytest.mark.other_plugins
def test_a_re_run_begins_anew(run: Run, pytester: pytest.Pytester) -> None:
    pytest.importorskip("pytest_rerunfailures")
    run("@missed\ndef test_a(): work()\n", "--junitxml=junit.xml", "--reruns=1", "--multicore-strict")
    names = [name for name, _ in of_file(pytester.path)["test_a"]]
    assert names
    assert len(set(names)) == len(names), "the first attempt's stand there, too"
