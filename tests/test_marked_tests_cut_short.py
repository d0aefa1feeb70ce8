"""What ends the child's pytest session early, of which the parent is told at once: it would wait for minutes."""

import pytest

from tests.fixture_types import Run

AT = {
    "setup": "@pytest.fixture(autouse=True)\ndef made():\n    INNER",
    "teardown": "@pytest.fixture(autouse=True)\ndef made():\n    yield\n    INNER",
    "call": "",
}


def source_with(statement: str, phase: str) -> str:
    """A module where something happens in the child, and a test after the marked one."""
    inner = f"if os.environ.get('PYTEST_MULTICORE_INTERPRETER'): {statement}"
    body = inner if phase == "call" else "work()"
    head = AT[phase].replace("INNER", inner)
    return f"import os\n{head}\n@gated\ndef test_a():\n    {body}\ndef test_b(): pass\n"


@pytest.mark.parametrize("phase", AT)
def test_pytest_exit_ends_the_run_as_it_does_plainly(run: Run, phase: str) -> None:
    result = run(source_with("pytest.exit('no licence', 7)", phase))
    assert result.ret == 7
    result.stdout.fnmatch_lines(["*Exit: no licence*"])
    result.stdout.no_fnmatch_line("*out of turn*")
    assert result.parseoutcomes().get("passed", 0) == (phase == "teardown")


@pytest.mark.parametrize("phase", ["setup", "call", "teardown"])
def test_an_interrupt_fails_the_test(run: Run, phase: str) -> None:
    result = run(source_with("raise KeyboardInterrupt('who knows')", phase))
    passed = 1 + (phase == "teardown")
    result.assert_outcomes(passed=passed, **{"failed" if phase == "call" else "errors": 1})
    result.stdout.fnmatch_lines(["*test_a cannot be run*KeyboardInterrupt ended pytest there*", "*who knows*"])


def test_an_internal_error_fails_the_test(run: Run) -> None:
    conftest = """
        import os

        def pytest_runtest_makereport(item, call):
            if call.when == "call" and call.excinfo and os.environ.get("PYTEST_MULTICORE_INTERPRETER"):
                raise RuntimeError("a broken hook")
    """
    result = run("@gated\ndef test_a(): assert work() < 0\ndef test_b(): pass\n", conftest=conftest)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*test_a cannot be run*an internal error ended pytest there*", "*a broken hook*"])


def test_what_cannot_be_collected_there_says_why(run: Run) -> None:
    source = (
        "import os\nif 'PYTEST_MULTICORE_INTERPRETER' in os.environ: import nowhere\n@gated\ndef test_a(): work()\n"
    )
    result = run(source)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*test_a cannot be run in an isolated*", "*No module named 'nowhere'*"])
    result.stdout.no_fnmatch_line("*pluggy/_*")


def test_a_breakpoint_that_nobody_can_answer_fails_the_test(run: Run) -> None:
    result = run("@gated\ndef test_a():\n    breakpoint()\n    work()\ndef test_b(): pass\n")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*BdbQuit*"])
