"""Environments of a project's pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_multicore.environments.environment import Environment
from pytest_multicore.environments.project_environments import environments_in
from pytest_multicore.errors import UsageError

HEAD = "[tool.pytest-multicore.environments.own]\n"


def declared(tmp_path: Path, text: str) -> dict[str, Environment]:
    file = tmp_path / "pyproject.toml"
    file.write_text(text)
    return environments_in(file)


def test_every_key_is_read(tmp_path: Path) -> None:
    own = declared(
        tmp_path,
        HEAD
        + """
        python = ["3.9", "3.8"]
        requires = ["Theano==1.0.5"]
        env = { KERAS_BACKEND = "theano", LEVEL = 3 }
        theano_flags = { openmp = true, blas.ldflags = "-lblas", openmp_elemwise_minsize = 1000 }
        blas = "scipy"
        frameworks = { dot = "theano", fit = "numpy" }
        """,
    )["own"]

    assert own.python == ("3.9", "3.8")
    assert own.requires == ("Theano==1.0.5",)
    assert own.env == {"KERAS_BACKEND": "theano", "LEVEL": "3"}
    assert own.theano_flags == {"openmp": "True", "blas.ldflags": "-lblas", "openmp_elemwise_minsize": "1000"}
    assert own.blas == "scipy"
    assert own.frameworks == {"dot": "theano", "fit": "numpy"}


def test_one_python_may_be_a_string_and_a_path_is_relative_to_the_file(tmp_path: Path) -> None:
    assert declared(tmp_path, HEAD + 'python = "3.12"')["own"].python == ("3.12",)
    assert declared(tmp_path, HEAD + 'python = "venv/bin/python"')["own"].python == (f"{tmp_path}/venv/bin/python",)


def test_a_blas_may_be_a_path_relative_to_the_file(tmp_path: Path) -> None:
    assert declared(tmp_path, HEAD + 'blas = "lib/libblas.so"')["own"].blas == f"{tmp_path}/lib/libblas.so"


@pytest.mark.parametrize("text", ["", "[tool.other]\nx = 1", "[tool.pytest-multicore]\n"])
def test_a_file_that_declares_none_has_none(tmp_path: Path, text: str) -> None:
    assert declared(tmp_path, text) == {}


def test_no_file_has_none(tmp_path: Path) -> None:
    assert environments_in(tmp_path / "pyproject.toml") == {}


@pytest.mark.parametrize(
    ("text", "key", "found", "expected"),
    [
        (HEAD + 'pyton = "3.8"', "'pyton'", "'pyton'", "a key among python, requires"),
        (HEAD + "python = 3.8", "'python'", "3.8", "a list of strings"),
        (HEAD + 'python = [""]', "'python'", "''", "a list of strings that are not empty"),
        (HEAD + 'requires = "six"', "'requires'", "'six'", "a list of strings"),
        (HEAD + "requires = [1]", "'requires'", "1", "a list of strings"),
        (HEAD + 'env = "A=1"', "'env'", "'A=1'", "a table"),
        (HEAD + "env = { A = true }", "'env.A'", "True", "a string or a number"),
        (HEAD + "theano_flags = { a = [] }", "'theano_flags.a'", r"\[\]", "a string or a number"),
        (HEAD + 'blas = "openblass"', "'blas'", "'openblass'", "one of scipy, mkl"),
        (HEAD + 'env = { "A=B" = "x" }', "'env.A=B'", "'A=B'", "the name of a variable, without '='"),
        (HEAD + 'env = { "" = "x" }', "'env.'", "''", "the name of a variable"),
        (
            HEAD + 'env = { A = "x\\u0000LD_PRELOAD=y" }',
            "'env.A'",
            r"'x\\x00LD_PRELOAD=y'",
            "a string or a number, without zero",
        ),
        (HEAD + 'requires = ["a\\u0000b"]', "'requires'", r"'a\\x00b'", "a list of strings .* without zero"),
        (HEAD + 'python = "a\\u0000b"', "'python'", r"'a\\x00b'", "a list of strings .* without zero"),
        (HEAD + 'blas = "/a\\u0000b"', "'blas'", r"'/a\\x00b'", "one of scipy, mkl"),
        (HEAD + 'theano_flags = { "a\\u0000" = 1 }', r"'theano_flags.a\\x00'", r"'a\\x00'", "the name of a flag"),
        (HEAD + "blas = 1", "'blas'", "1", "one of scipy, mkl"),
        (
            HEAD + 'frameworks = { dot = "keras" }',
            "'frameworks.dot'",
            "'keras'",
            "one of numpy, theano, pytensor, torch, jax, tensorflow",
        ),
        (HEAD + 'frameworks = { dott = "numpy" }', "'frameworks.dott'", "'dott'", "a workload among dot, fit"),
    ],
)
def test_a_wrong_value_is_named_with_file_table_key_found_and_expected(
    tmp_path: Path, text: str, key: str, found: str, expected: str
) -> None:
    place = r"pyproject\.toml: \[tool\.pytest-multicore\.environments\.own\], key "
    with pytest.raises(UsageError, match=f"{place}{key}: found {found}, expected {expected}"):
        declared(tmp_path, text)


def test_current_cannot_be_redefined(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="always the interpreter that runs pytest"):
        declared(tmp_path, "[tool.pytest-multicore.environments.current]\n")


@pytest.mark.parametrize(
    "text", ["[tool.pytest-multicore.environments]\nown = 1", "[tool.pytest-multicore]\nenvironments = 1"]
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"found 1, expected a table"):
        declared(tmp_path, text)


@pytest.mark.parametrize("text", ["[tool]\npytest-multicore = 1", "[[tool.pytest-multicore]]\nenvironments = {}"])
def test_what_is_no_table_of_ours_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"\[tool\.pytest-multicore\]: found .*, expected a table"):
        declared(tmp_path, text)


@pytest.mark.parametrize("key", ["budget", "environment", "environmens"])
def test_another_key_of_our_table_is_refused_for_nothing_would_read_it(tmp_path: Path, key: str) -> None:
    with pytest.raises(
        UsageError, match=rf"\[tool\.pytest-multicore\], key '{key}': .* expected the table 'environments'"
    ):
        declared(tmp_path, f"[tool.pytest-multicore]\n{key} = 5")


@pytest.mark.parametrize("text", ["[tool", "a = " + "[" * 100_000])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"pyproject\.toml: not a TOML file"):
        declared(tmp_path, text)
