"""Several thread counts, environments or BLAS libraries: each marked test runs with every combination."""

import json
from collections.abc import Sequence
from typing import Any

import jsonschema
import pytest

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.json_report import SCHEMA_FILE
from pytest_multicore.reports.matrix import matrix_lines
from pytest_multicore.settings.matrix import cells
from tests.docs.pages import code_blocks, text_of

TESTS = """
import pytest

@pytest.mark.multicore(min_cores=0.5)
def test_a():
    sum(range(300000))

@pytest.mark.multicore(threads=2)
@pytest.mark.parametrize("size", [10, 20])
def test_b(size):
    sum(range(size))

def test_c(multicore):
    multicore.run("work:go")

def test_plain():
    pass
"""


def ids(given: dict[str, object], **fixed: Any) -> dict[str, bool]:
    """The combinations' ids, and whether limits hold there."""
    return {cell.id: cell.holds_limits for cell in cells(lambda option: given.get(option.name), fixed)}


def test_one_value_of_each_option_is_no_matrix() -> None:
    assert ids({}) == {}
    assert ids({"threads": ["2"], "environment": "theano", "blas": ["scipy"]}) == {}


def test_every_combination_has_an_id_and_limits_hold_at_the_largest_count() -> None:
    assert ids({"threads": ["1,2", "4"]}) == {"1-thread": False, "2-threads": False, "4-threads": True}
    assert ids({"threads": "2,auto,inherit"}) == {"2-threads": True, "auto-threads": True, "inherit-threads": True}
    assert ids({"threads": "1, 2", "environment": "current\ntheano", "blas": ["/a,b/libblas.so.3", "mkl"]}) == {
        f"{threads}-{environment}-{blas}": threads != "1-thread"
        for threads in ("1-thread", "2-threads")
        for environment in ("current", "theano")
        for blas in ("libblas.so.3", "mkl")
    }


def test_ids_say_cores_where_sides_differ_in_cores() -> None:
    assert ids({"threads": "1,2", "vary": "cores"}) == {"1-core": False, "2-cores": True}
    assert ids({"threads": "1,2"}, vary="cores") == {"1-core": False, "2-cores": True}
    assert ids({"threads": "1,2", "vary": "cores"}, vary="threads") == {"1-thread": False, "2-threads": True}


def test_without_thread_counts_limits_hold_everywhere() -> None:
    assert ids({"environment": "current,theano"}) == {"current": True, "theano": True}


def test_what_the_marker_says_does_not_vary() -> None:
    given: dict[str, object] = {"threads": "1,2", "environment": "current,theano"}
    assert ids(given, threads=2) == {"current": True, "theano": True}
    assert ids(given, threads=2, environment="current") == {}


@pytest.mark.parametrize(
    ("text", "named"), [("1,x", "'x'"), ("1,,2", "''"), ("2,2", "different values"), ("0,1", "'0'")]
)
def test_wrong_values_are_named(text: str, named: str) -> None:
    with pytest.raises(UsageError, match=r"--multicore-threads \(ini: multicore_threads\): found .*expected") as error:
        ids({"threads": [text]})
    assert named in str(error.value)


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(test_it=TESTS, work="def go():\n    sum(range(300000))\n")
    return pytester


def collected(project: pytest.Pytester, *options: str) -> set[str]:
    lines = project.runpytest_subprocess("--collect-only", "-q", *options).outlines
    return {line.partition("::")[2] for line in lines if "::" in line}


def test_marked_tests_and_those_with_a_fixture_get_the_parts_of_the_matrix_in_their_ids(
    project: pytest.Pytester,
) -> None:
    found = collected(
        project, "--multicore-threads=1,2", "--multicore-environment=current", "--multicore-environment=theano"
    )
    parts = [f"{threads}-{name}" for threads in ("1-thread", "2-threads") for name in ("current", "theano")]
    assert found == {
        *(f"test_a[{part}]" for part in parts),
        *(f"test_b[{size}-{name}]" for size in (10, 20) for name in ("current", "theano")),
        *(f"test_c[{part}]" for part in parts),
        "test_plain",
    }
    assert collected(project) == {"test_a", "test_b[10]", "test_b[20]", "test_c", "test_plain"}


def test_an_unknown_environment_of_several_is_refused(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--multicore-environment=current,thaeno")
    result.stderr.fnmatch_lines(["*--multicore-environment*'thaeno' is not known*"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_each_run_is_measured_and_one_line_says_how_it_scales(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--multicore-threads=1,2", "--multicore-json=report.json", "-k", "not test_b")
    result.assert_outcomes(passed=5)
    result.stdout.re_match_lines(
        [
            r"matrix: test_it\.py::test_a in current: 1 thread 1x, 2 threads \d\.\d\dx \[.*\] "
            r"\(0\.\d\d each\); as fast as any: .*"
        ]
    )
    report = json.loads((project.path / "report.json").read_text())
    jsonschema.validate(report, json.loads(SCHEMA_FILE.read_text()))
    runs = {record["nodeid"].partition("::")[2]: record for record in report["results"]}
    assert runs["test_a[1-thread]"]["threads"] == 1
    assert runs["test_a[1-thread]"]["outcome"] == "measured"
    assert runs["test_a[2-threads]"]["outcome"] == "passed"
    assert runs["test_a[2-threads]"]["matrix"] == {"test": "test_it.py::test_a", "whole_test": True, "blas": None}
    assert runs["test_c[2-threads]"]["matrix"] == {"test": "test_it.py::test_c", "whole_test": False, "blas": None}


def test_a_run_is_found_by_its_node_id(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--multicore-threads=1,2", "test_it.py::test_a[2-threads]")
    result.assert_outcomes(passed=1)


def series(*bounds: tuple[int, tuple[float, float, float] | None]) -> Sequence[dict[str, Any]]:
    return [
        {
            "matrix": {"test": "test_it.py::test_a", "whole_test": False, "blas": "mkl"},
            "workload": "work:go",
            "environment": "theano",
            "threads": threads,
            "baseline": 1,
            "wall_s": {"estimate": 1.0, "low": 1.0, "high": 1.0},
            "measured_speedup": speedup and dict(zip(("low", "estimate", "high"), speedup, strict=True)),
            "speedup": speedup and dict(zip(("low", "estimate", "high"), speedup, strict=True)),
        }
        for threads, speedup in bounds
    ]


def test_the_fewest_threads_that_are_as_fast_as_any_are_named_and_where_more_hurt() -> None:
    found = series((8, (1.5, 1.6, 1.7)), (1, None), (4, (2.9, 3.0, 3.1)), (2, (1.8, 1.9, 2.0)), (6, (2.85, 2.95, 3.2)))
    assert list(matrix_lines(found)) == [
        "test_it.py::test_a: work:go in theano with BLAS mkl: 1 thread 1x, 2 threads 1.90x [1.80, 2.00] (0.95 each), "
        "4 threads 3.00x [2.90, 3.10] (0.75 each), 6 threads 2.95x [2.85, 3.20] (0.49 each), "
        "8 threads 1.60x [1.50, 1.70] (0.20 each); as fast as any: 4 threads; 8 threads are slower"
    ]


def test_a_single_count_and_results_without_a_matrix_say_nothing() -> None:
    (alone,) = series((2, (1.8, 1.9, 2.0)))
    assert list(matrix_lines([alone])) == []
    assert list(matrix_lines([{**alone, "matrix": None}, {"threads": 2}])) == []


def test_what_the_machine_may_have_kept_from_it_is_not_called_slower() -> None:
    one, two = series((1, None), (2, (0.75, 0.8, 0.85)))
    (line,) = matrix_lines([one, {**two, "speedup": {"low": 0.75, "estimate": 0.8, "high": 2.0}}])
    assert line.endswith("2 threads 0.80x [0.75, 0.85] (0.40 each); as fast as any: 1 thread")


def test_counts_that_were_not_compared_are_not_called_as_fast() -> None:
    assert list(matrix_lines([{**one, "baseline": None} for one in series((1, None), (2, None))])) == []


def test_each_combination_has_an_id_of_its_own_in_ascii() -> None:
    told = {"blas": ["/one/libblas.so.3", "/other/libblas.so.3"], "environment": ["größe", "current"]}
    found = cells(lambda option: told.get(option.name), {})
    assert [cell.id for cell in found] == [
        "gr%C3%B6%C3%9Fe-one/libblas.so.3",
        "gr%C3%B6%C3%9Fe-other/libblas.so.3",
        "current-one/libblas.so.3",
        "current-other/libblas.so.3",
    ]


def test_limits_hold_at_the_machines_count_where_that_is_among_them() -> None:
    found = cells(lambda option: {"threads": "1,auto"}.get(option.name), {})
    assert [cell.holds_limits for cell in found] == [False, True]


def test_the_pages_commands_are_taken(project: pytest.Pytester) -> None:
    (project.path / "test_it.py").rename(project.path / "test_matrix.py")
    commands = [line for block in code_blocks(text_of("how-to/matrix"), "console") for line in block.splitlines()]
    assert len(commands) == 3
    for command in commands:
        result = project.runpytest_subprocess(*command.removeprefix("$ pytest ").split(), "--collect-only")
        assert result.ret == pytest.ExitCode.OK, command
