"""Why a limit was missed, asked by a user's test; the causes themselves have their cases under causes/."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pytest_multicore.environments import shared_libraries as libraries
from tests.fixture_types import Undecided

Told = Callable[..., tuple[str, dict[str, Any]]]

pytestmark = pytest.mark.explained

SMALL = """
    import numpy, pytest

    @pytest.mark.multicore(min_cores=1.5, threads=2)
    def test_small():
        a = numpy.ones((30, 30))
        for _ in range(1000):
            a @ a
"""
ON_THEANO = """
    import pytest

    @pytest.fixture
    def product():
        import numpy, theano
        x = theano.tensor.matrix()
        a, multiply = numpy.ones((30, 30), theano.config.floatX), theano.function([x], theano.tensor.dot(x, x))
        return lambda: multiply(a)

    @pytest.mark.multicore(min_cores=0.1, threads=2, baseline=2, environment="theano")
    def test_small(product):
        for _ in range(100):
            product()
"""
LARGE = """
    import numpy, pytest

    @pytest.mark.multicore(min_cores=1.2, threads=2)
    def test_large():
        a = numpy.ones((800, 800))
        a @ a
"""


@pytest.fixture
def told(pytester: pytest.Pytester, undecided: Undecided) -> Told:
    """Run a session of one test; gives its output and its result in the JSON report."""

    def told(source: str, *options: str, outcome: str) -> tuple[str, dict[str, Any]]:
        pytester.makepyfile(test_it=source)
        session = pytester.runpytest_subprocess("-p", "no:randomly", "--multicore-json=report.json", *options)
        (result,) = json.loads((pytester.path / "report.json").read_text())["results"]
        if result["outcome"] == "inconclusive":
            undecided(result["reason"])
        assert result["outcome"] == outcome
        return session.stdout.str(), result

    return told


def test_a_missed_limit_says_why(told: Told, undecided: Undecided) -> None:
    text, result = told(SMALL, outcome="failed")
    (cause, *_) = result["causes"]
    assert cause["key"] == "gemm-too-small"
    assert {call["m"] for call in result["evidence"]["blas_calls"]} == {30}
    if not cause["proven"]:
        undecided(f"the trial was not decided: {cause['trial']}")
    for row in ("  why ", "  proof ", "  remedy "):
        assert row in text
    assert "[gemm-too-small]" in text


@pytest.mark.slow
def test_a_test_in_an_interpreter_of_its_own_for_each_round_is_explained_too(told: Told) -> None:
    """In a new process the pool's threads spin before their first work: cores are busy, and of no use."""
    fresh = SMALL.replace("min_cores=1.5, threads=2", "min_speedup=1.3, threads=2, fresh=True")
    _, result = told(fresh, outcome="failed")
    own = [line for line in result["evidence"]["observed"]["lines"] if line["function"] == "test_small"]
    assert own, "over before a sampler looks"
    assert "a @ a" in max(own, key=lambda line: line["share"])["source"]
    assert {call["m"] for call in result["evidence"]["blas_calls"]} == {30}
    assert "gemm-too-small" in [cause["key"] for cause in result["causes"]]


@pytest.mark.slow
def test_what_goes_wrong_in_an_explanation_hides_no_verdict(told: Told, pytester: pytest.Pytester) -> None:
    """A defect of ours, put in on purpose."""
    pytester.makeconftest("from pytest_multicore.experiment import observe\nobserve.Evidence = lambda **_: 1 / 0\n")
    text, result = told(SMALL, outcome="failed")
    assert result["causes"] == []
    assert any("why could not be found out: ZeroDivisionError" in note for note in result["notes"])
    assert "min_cores=1.5; measured" in text


@pytest.mark.slow
def test_the_evidence_is_all_in_the_report(told: Told) -> None:
    _, result = told(SMALL, outcome="failed")
    found = result["evidence"]
    assert any("openblas" in name for name in found["mapped"])
    assert found["gil"] is not None
    assert found["foreign_cores"] >= 0
    (main, *others) = found["tasks"]
    assert {state for _, _, state in main["timeline"]} <= {"R", "S", "D"}
    assert any(one["cpu_s"] < 0.1 * main["cpu_s"] for one in others), "the pool's other thread stands by"


def test_never_looks_at_nothing(told: Told) -> None:
    text, result = told(SMALL, "--multicore-explain=never", outcome="failed")
    assert (result["causes"], result["evidence"]) == ([], None)
    assert "  why " not in text


@pytest.mark.slow
def test_a_met_limit_is_not_explained_unless_always(told: Told) -> None:
    _, result = told(LARGE, outcome="passed")
    assert (result["causes"], result["evidence"]) == ([], None)


@pytest.mark.slow
def test_always_tells_the_blas_calls_of_a_met_limit(told: Told) -> None:
    text, result = told(LARGE, "--multicore-explain=always", outcome="passed")
    assert result["causes"] == []
    (call,) = result["evidence"]["blas_calls"]
    assert (call["routine"], call["m"], call["n"], call["k"], call["count"]) == ("dgemm", 800, 800, 800, 1)
    assert "test_large: BLAS calls in a repetition: 1 dgemm of 800 x 800 x 800" in text


@pytest.mark.skipif(not libraries.compiler(), reason="Theano needs a C++ compiler")
@pytest.mark.slow
def test_the_graph_of_a_marked_test_is_told_with_its_shapes(told: Told) -> None:
    _, result = told(ON_THEANO, "--multicore-explain=always", outcome="passed")
    profile = result["evidence"]["profile"]
    (product,) = profile["products"]
    assert (product["m"], product["n"], product["k"], product["calls"]) == (30, 30, 30, 100)
    assert profile["calls"] == 100
    assert 0 < product["seconds"] < profile["wall_s"]


@pytest.mark.slow
def test_without_a_compiler_always_says_what_is_missing(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CC", raising=False)
    text, result = told(LARGE, "--multicore-explain=always", outcome="passed")
    assert result["evidence"]["blas_calls"] is None
    assert "test_large: BLAS calls were not recorded: " in text
    assert "compiler" in text


def test_limits_out_of_reach_say_so_as_a_cause(told: Told, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=LARGE.replace("min_cores=1.2", "min_cores=1000"))
    pytester.runpytest_subprocess("-p", "no:randomly", "--multicore-json=report.json").assert_outcomes(skipped=1)
    (result,) = json.loads((pytester.path / "report.json").read_text())["results"]
    assert [(one["key"], one["proven"]) for one in result["causes"]] == [("too-few-cores", False)]


@pytest.mark.slow
def test_a_miss_that_is_expected_is_not_explained(told: Told) -> None:
    expected = SMALL.replace("    def test_small", "    @pytest.mark.xfail\n    def test_small")
    _, result = told(expected, outcome="failed")
    assert (result["causes"], result["evidence"]) == ([], None)
    _, result = told(expected, "--runxfail", outcome="failed")
    assert result["evidence"]
