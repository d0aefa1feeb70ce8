"""Reports in other tools' formats: read back by what defines the format, or held to its definition."""

import json
import re
import shlex
import xml.etree.ElementTree as ElementTree
from typing import Any

import jsonschema
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.formats.badge import badge
from pytest_multicore.reports.formats.bencher import bencher
from pytest_multicore.reports.formats.github_action_benchmark import bigger_is_better, smaller_is_better
from pytest_multicore.reports.formats.openmetrics import openmetrics

from .literals import HOSTILE, against_base, measured, reported, unmeasured

ODD = "tests/test_a.py::test_it[a 'b' \"c\" \\d #5 `e` {f}=g,h $i]"
#: Passed, a workload of its own, the same again, a name that quotes, never measured.
REPORT = reported(
    measured(1.8), measured(1.1, workload="dot"), measured(1.2, workload="dot"), measured(1.8, test=ODD), unmeasured()
)

#: https://bencher.dev/bmf.json
BENCHER_SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema",
    "type": "object",
    "patternProperties": {
        ".+": {
            "type": "object",
            "patternProperties": {
                ".+": {
                    "type": "object",
                    "properties": {name: {"type": "number"} for name in ("value", "lower_value", "upper_value")},
                    "required": ["value"],
                }
            },
        }
    },
}
#: BenchmarkResult of github-action-benchmark's src/extract.ts.
ENTRY_SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"value": {"type": "number"}}
        | {name: {"type": "string"} for name in ("name", "unit", "range", "extra")},
        "required": ["name", "value", "unit"],
        "additionalProperties": False,
    },
}


def families(text: str) -> list[Metric]:
    """OpenMetrics as prometheus_client reads it; it refuses what is none."""
    return list(parser.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


def samples(report: dict[str, Any]) -> dict[tuple[str, str, str, str], float]:
    """OpenMetrics samples as prometheus_client reads them, by metric, test, workload and what else tells them apart."""
    return {
        (
            sample.name.removeprefix("pytest_multicore_"),
            sample.labels["nodeid"],
            sample.labels["workload"] + sample.labels.get("number", ""),
            sample.labels.get("bound") or sample.labels["pytest_multicore_outcome"],
        ): sample.value
        for family in families(openmetrics(report))
        for sample in family.samples
    }


def test_openmetrics_holds_the_figures() -> None:
    found = samples(REPORT)
    test = "tests/test_a.py::test_it"
    assert [found["speedup", test, "test_it", bound] for bound in ("low", "estimate", "high")] == [1.8] * 3
    assert found["speedup", test, "dot", "estimate"] == 1.1
    assert found["speedup", test, "dot2", "estimate"] == 1.2
    assert found["wall_seconds", test, "test_it", "estimate"] == pytest.approx(0.1)
    assert ("useful_cores", test, "test_it", "low") not in found, "a number has no bounds"
    assert found["outcome", test, "test_it2", "inconclusive"] == 1
    assert found["outcome", test, "test_it", "passed"] == 1
    assert found["outcome", test, "test_it", "failed"] == 0


def test_what_was_lost_against_a_base_is_a_figure() -> None:
    lost = reported(against_base(0.1, 0.1, cores=1.0), measured(1.8, test="test_b.py::test_b"))
    found = samples(lost)
    assert found["loss", "tests/test_a.py::test_it", "test_it", "estimate"] == pytest.approx(0.5)
    assert found["slowdown", "tests/test_a.py::test_it", "test_it", "high"] == pytest.approx(0)
    assert ("loss", "test_b.py::test_b", "test_it", "estimate") not in found, "without a base"
    assert [one["loss"]["value"] for one in json.loads(bencher(lost)).values() if "loss" in one] == [pytest.approx(0.5)]
    told = {one["name"].rpartition(": ")[2]: one["value"] for one in json.loads(smaller_is_better(lost))}
    assert told["lost by threading"] == pytest.approx(0.5)


def test_openmetrics_keeps_names_and_spares_gitlab_the_number_sign() -> None:
    assert ("speedup", ODD.replace("#", "%23"), "test_it", "estimate") in samples(REPORT)


def as_gitlab(text: str) -> dict[str, str]:
    """GitLab's reader, in Python: a line's comment goes, and a shell's words are left."""
    lines = [shlex.split(re.sub("#.*", "", line)) for line in text.splitlines()]
    return {words[0]: words[1] for words in lines if words}


def test_gitlab_reads_every_sample() -> None:
    text = openmetrics(reported(measured(1.8, test=ODD), measured(1.1, test=HOSTILE), unmeasured(HOSTILE)))
    told = [line for line in text.splitlines() if not line.startswith("#")]
    read = as_gitlab(text)
    assert len(read) == len(told) > 20
    assert all(re.fullmatch(r"[\d.e+-]+", value) for value in read.values())


def test_openmetrics_of_nothing_and_of_hosts() -> None:
    assert openmetrics(reported()) == "# EOF\n"
    text = openmetrics(reported(measured(1.8, host="a"), measured(1.7, host="b")))
    assert {sample.labels["host"] for one in families(text) for sample in one.samples} == {
        "a",
        "b",
    }


def test_an_outcome_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="outcome: found 'great'"):
        openmetrics(reported(measured(1.8, outcome="great")))


def test_bencher_gets_each_measured_result_once() -> None:
    told = json.loads(bencher(REPORT))
    jsonschema.validate(told, BENCHER_SCHEMA)
    name = "tests/test_a.py::test_it (current, threads 2)"
    assert told[name]["speed-up"] == {"lower_value": 1.8, "value": 1.8, "upper_value": 1.8}
    assert told[name]["latency"]["value"] == pytest.approx(1e8), "nanoseconds"
    assert told[name]["useful-cores"] == {"value": pytest.approx(1.8)}
    assert told["tests/test_a.py::test_it dot (current, threads 2) #2"]["speed-up"]["value"] == 1.2
    assert len(told) == 4, "what was never measured has no figures"


def test_bencher_takes_names_up_to_its_length() -> None:
    told = json.loads(bencher(reported(*(measured(1.8, test=f"test_a.py::test_{'x' * 2000}_{end}") for end in "ab"))))
    assert [len(name) for name in told] == [1024, 1024]


@pytest.mark.parametrize(
    ("export", "figures"),
    [
        (bigger_is_better, {"speed-up": 1.8, "efficiency": 0.9}),
        (smaller_is_better, {"time": 0.1, "CPU inflation": 1.11}),
    ],
)
def test_github_action_benchmark(export: Any, figures: dict[str, float]) -> None:
    told = json.loads(export(REPORT))
    jsonschema.validate(told, ENTRY_SCHEMA)
    names = [entry["name"] for entry in told]
    assert len(set(names)) == len(names) == 8
    first = {entry["name"].rpartition(": ")[2]: entry["value"] for entry in told[:2]}
    assert first == pytest.approx(figures, rel=0.01)
    assert told[0]["range"].count(" to ") == 1
    assert told[0]["extra"].startswith("outcome: passed\n")
    assert not any(set(name) & set("`|") for name in names), "the action puts them in a table, between backquotes"


def test_the_badge_shows_the_last_useful_cores() -> None:
    drawn = ElementTree.fromstring(badge(REPORT))  # noqa: S314 - our own
    assert drawn.findtext("{*}title") == "useful cores: 1.8 of 2"
    left, right = (element for element in drawn.findall("{*}g/{*}text"))
    assert (left.text, right.text) == ("useful cores", "1.8 of 2")
    edge = float(drawn.findall("{*}path")[1].attrib["d"].partition(" ")[0].removeprefix("M"))
    for text, low, high in ((left, 0.0, edge), (right, edge, float(drawn.attrib["width"]))):
        middle, half = float(text.attrib["x"]), float(text.attrib["textLength"]) / 2
        assert low < middle - half < middle + half < high, "the text lies within its field"


def test_the_badges_colour_is_the_outcomes() -> None:
    passed, failed = (badge(reported(measured(speedup))) for speedup in (1.8, 1.1))
    assert set(re.findall('fill="(#\\w+)"', passed)) != set(re.findall('fill="(#\\w+)"', failed))


def test_without_useful_cores_there_is_no_badge() -> None:
    with pytest.raises(UsageError, match="no result has useful cores: expected"):
        badge(reported(unmeasured()))
