"""The page on imports: its tests run as written against a package that sets a variable, and say what it shows."""

import pytest

from .pages import code_blocks, text_of
from .walk.commands import File, steps

PAGE = text_of("how-to/imports")


@pytest.fixture
def programs(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for step in steps(PAGE):
        if isinstance(step, File):
            (pytester.path / step.name).parent.mkdir(exist_ok=True)
            (pytester.path / step.name).write_text(step.content)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    return pytester


def test_the_command_prints_what_the_page_shows(programs: pytest.Pytester) -> None:
    pytest.importorskip("numpy")
    _, *expected = code_blocks(PAGE, "console")[0].splitlines()
    result = programs.runpython_c(
        "import sys; from pytest_multicore.__main__ import main; sys.exit(main(['imports', 'numpy', 'ultra']))"
    )
    assert (result.ret, result.outlines) == (1, expected)


def test_the_guards_fail_and_pass_as_the_page_says(programs: pytest.Pytester) -> None:
    result = programs.runpytest_subprocess("--multicore-off")
    result.assert_outcomes(passed=1, failed=1)
    text = result.stdout.str()
    for line in code_blocks(PAGE, "text")[0].splitlines():
        assert line in text
