"""What is held to no limit is measured: its figures may lack bounds, and nothing is skipped or failed for that."""

import json
import textwrap
from typing import Any

import jsonschema
import pytest

from pytest_multicore.reports.json_report import SCHEMA_FILE

SLOW = "sum(i * i for i in range(1_000_000))"
#: Too few rows of such rounds fit into it.
SMALL_BUDGET = "--multicore-budget=0.3"


def told(pytester: pytest.Pytester, source: str, *options: str) -> tuple[dict[str, Any], str]:
    """The one result of a session whose tests all pass, and its output."""
    pytester.makepyfile(test_it=f"import pytest\n{source}", slow=f"def work(): return {SLOW}\n")
    result = pytester.runpytest_subprocess("-p", "no:randomly", "--multicore-json=report.json", *options)
    result.assert_outcomes(passed=1)
    report = json.loads((pytester.path / "report.json").read_text())
    jsonschema.validate(report, json.loads(SCHEMA_FILE.read_text()))
    return report["results"][0], result.stdout.str()


@pytest.mark.parametrize("strict", [(), ("--multicore-strict",)], ids=["", "strict"])
@pytest.mark.parametrize(
    "source",
    [
        f"@pytest.mark.multicore\ndef test_a(): {SLOW}\n",
        "def test_a(multicore):\n    assert multicore.run('slow:work').wall_s.estimate > 0\n",
        "def test_a(multicore):\n    assert multicore.speedup('slow:work').speedup.estimate > 0\n",
    ],
    ids=["marked", "run", "speedup"],
)
def test_figures_without_bounds_skip_nothing(pytester: pytest.Pytester, source: str, strict: tuple[str, ...]) -> None:
    result, text = told(pytester, source, SMALL_BUDGET, *strict)
    assert (result["outcome"], result["reason"], result["verdicts"]) == ("measured", "", [])
    (note,) = [one for one in result["notes"] if "have no bounds" in one]
    assert note.startswith("the figures have no bounds: ")
    assert "fit the budget of 0.3 s, at least " in note
    assert f"note: {note}" in text


def test_bounded_figures_are_measured_too(pytester: pytest.Pytester) -> None:
    result, text = told(pytester, "def test_a(multicore): multicore.run('slow:work')\n", "--multicore-budget=20")
    assert result["outcome"] == "measured"
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("test_a: slow:work")] == ["measured"]
    if not any("have no bounds" in one for one in result["notes"]):
        assert result["wall_s"]["low"] <= result["wall_s"]["estimate"] <= result["wall_s"]["high"]


def test_threads_that_end_within_a_round_tell_of_it(pytester: pytest.Pytester) -> None:
    """A pool that the call makes: beside others it would be unknown how long its threads waited."""
    source = f"""
        from concurrent.futures import ThreadPoolExecutor
        @pytest.mark.multicore
        def test_a():
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda _: {SLOW}, range(2)))
    """
    result, _ = told(pytester, textwrap.dedent(source), SMALL_BUDGET)
    for one in result["rounds"]:
        assert one["ended_cpu_s"] > 0.8 * one["cpu_s"]
        assert 0 < one["ended_wait_s"] < 3 * one["repeat"] * one["wall_s"]
