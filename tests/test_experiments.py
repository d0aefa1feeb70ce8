"""The two experiments of keras-team/keras#2544 on the real stacks, end to end through the fixtures."""

import json
import shutil

import pytest

from pytest_multicore.environments import shared_libraries as libraries
from tests.absent import skip_where_absent

pytestmark = pytest.mark.skipif(not libraries.compiler(), reason="Theano and PyTensor need a C++ compiler")

SMALL_DOT = {"size": 200}
SMALL_FIT = {"samples": 2000, "batch_size": 32}


@pytest.mark.parametrize(
    ("environment", "label", "experiment", "arguments"),
    [
        ("theano", "dot on theano", "dot_product", SMALL_DOT),
        pytest.param("theano", "fit on keras", "keras_fit", SMALL_FIT, marks=pytest.mark.slow),
        pytest.param("theano-2016", "dot on theano", "dot_product", SMALL_DOT, marks=pytest.mark.slow),
        pytest.param("theano-2016", "fit on keras", "keras_fit", SMALL_FIT, marks=pytest.mark.slow),
        ("pytensor", "dot on pytensor", "dot_product", SMALL_DOT),
        ("current", "fit on numpy", "keras_fit", SMALL_FIT),
        *(
            pytest.param(*case, marks=pytest.mark.exhaustive)
            for case in (
                ("torch", "dot on torch", "dot_product", SMALL_DOT),
                ("torch", "fit on torch", "keras_fit", SMALL_FIT),
                ("torch-1", "fit on torch", "keras_fit", SMALL_FIT),
                ("jax", "dot on jax", "dot_product", SMALL_DOT),
                ("jax", "fit on jax", "keras_fit", SMALL_FIT),
                ("tensorflow", "dot on tensorflow", "dot_product", SMALL_DOT),
                ("scikit-learn", "fit on sklearn", "keras_fit", SMALL_FIT),
                ("keras-torch", "fit on keras", "keras_fit", SMALL_FIT),
                ("keras-jax", "fit on keras", "keras_fit", SMALL_FIT),
                ("keras-tensorflow", "fit on keras", "keras_fit", SMALL_FIT),
            )
        ),
    ],
)
def test_an_experiment_runs_on_its_stack(
    pytester: pytest.Pytester, environment: str, label: str, experiment: str, arguments: dict[str, int]
) -> None:
    """A lenient limit: what is shown is that the stack runs, is measured, and tells what it ran on."""
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.multicore(environment={environment!r}, min_cores=0.1, threads=2, baseline=2)
        def test_it({experiment}):
            {experiment}(**{arguments!r})
        """
    )
    result = pytester.runpytest_subprocess("--multicore-json=report.json", "-rs")
    if result.parseoutcomes().get("skipped"):
        skip_where_absent(result.stdout.str())
    result.assert_outcomes(passed=1)
    (told,) = json.loads((pytester.path / "report.json").read_text())["results"]
    assert told["workload"].startswith(label)
    assert told["cores"]["estimate"] > 0.5
    assert told["speedup"]["estimate"] > 0
    assert told["variables"]["OMP_NUM_THREADS"] == "2"
    if experiment == "dot_product" and environment in ("theano", "theano-2016", "pytensor"):
        assert told["blas"]
    if environment == "theano-2016":
        assert told["python"].startswith("2.7")
        assert told["frameworks"]["theano"] == "0.8.1"


@pytest.mark.skipif(not shutil.which("ldconfig"), reason="Debian's alternatives are found through ldconfig's folders")
@pytest.mark.parametrize(
    ("blas", "expected"), [("reference", "reference BLAS"), ("openblas-openmp", "OpenBLAS"), ("blis", "BLIS")]
)
@pytest.mark.slow
def test_the_report_names_the_blas_that_was_chosen(pytester: pytest.Pytester, blas: str, expected: str) -> None:
    pytester.makepyfile("def test_it(dot_product): dot_product(size=200)")
    result = pytester.runpytest_subprocess(
        "--multicore-environment=theano", f"--multicore-blas={blas}", "--multicore-json=report.json", "-rs"
    )
    text = result.stdout.str()
    if "cannot be had" in text or "inconclusive" in text:
        pytest.skip(next(line for line in result.outlines if "cannot be had" in line or "inconclusive" in line))
    result.assert_outcomes(passed=1)
    (told,) = json.loads((pytester.path / "report.json").read_text())["results"]
    assert told["blas"].startswith(expected)
    if blas == "openblas-openmp":
        assert "openmp" in told["blas"]
