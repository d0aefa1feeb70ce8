"""Pages on families show the output of each of their tests, and name an environment that there is. All are walked."""

import re

import pytest

from pytest_multicore.environments.catalogue import SHIPPED_ENVIRONMENTS

from .pages import code_blocks, text_of

#: With the environment that each runs in; None: it needs no package.
PAGES = {
    "how-to/jax": "jax",
    "how-to/scikit-learn": "scikit-learn",
    "how-to/numba": "numba",
    "how-to/processes": None,
    "how-to/torch": "torch",
    "how-to/polars-and-duckdb": "frames",
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
    assert names_of_tests(page)
    assert rows == names_of_tests(page)
    declared = re.findall(r"environments\.(\S+)\]", "".join(code_blocks(text_of(page), "toml")))
    assert {*declared, *SHIPPED_ENVIRONMENTS} >= {PAGES[page] or "current"}
