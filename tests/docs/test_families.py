"""The pages on families of libraries: their test files run in an environment with the packages that they name."""

import re

import pytest

from pytest_multicore.environments.catalogue import SHIPPED
from tests.fixture_types import Undecided

from .pages import code_blocks, text_of

#: With the environment that each runs in; None: it needs no package.
PAGES = {
    "how-to/jax": "jax",
    "how-to/scikit-learn": "scikit-learn",
    "how-to/numba": "numba",
    "how-to/processes": None,
}


def files_of(page: str) -> dict[str, str]:
    """The whole files of a page, by the names that their first lines give."""
    blocks = (re.match(r"# (\w+\.py)\n", block) and block for block in code_blocks(text_of(page), "python"))
    return {block.partition("\n")[0].removeprefix("# "): block for block in blocks if block}


def names_of_tests(page: str) -> list[str]:
    return re.findall(r"^def (test_\w+)", "\n".join(files_of(page).values()), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_the_output_of_a_page_shows_each_of_its_tests_and_passes(page: str) -> None:
    files = files_of(page)
    assert files
    for name, content in files.items():
        compile(content, name, "exec")
    rows = re.findall(r"^(test_\w+) .* passed$", "\n".join(code_blocks(text_of(page), "text")), re.MULTILINE)
    assert rows == names_of_tests(page)
    declared = re.findall(r"environments\.(\S+)\]", "".join(code_blocks(text_of(page), "toml")))
    assert {*declared, *SHIPPED} >= {PAGES[page] or "current"}


@pytest.mark.exhaustive
@pytest.mark.parametrize("page", PAGES)
def test_a_pages_tests_pass(page: str, pytester: pytest.Pytester, undecided: Undecided) -> None:
    for name, content in files_of(page).items():
        (pytester.path / name).write_text(content)
    (pytester.path / "pyproject.toml").write_text("".join(code_blocks(text_of(page), "toml")))
    environment = PAGES[page]
    options = ["--multicore-priority=realtime", *([f"--multicore-environment={environment}"] if environment else [])]
    result = pytester.runpytest_subprocess("-rs", *options)
    outcomes = result.parseoutcomes()
    if "cannot build environment" in result.stdout.str():
        pytest.skip("the packages cannot be had")
    if outcomes.get("skipped"):
        undecided("the machine was too busy for one of the page's tests")
    result.assert_outcomes(passed=len(names_of_tests(page)))
