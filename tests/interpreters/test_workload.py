import functools
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.errors import UsageError
from pytest_multicore.interpreters.workload import import_path, resolve

NUMPY = {"dot": "numpy", "fit": "numpy"}


def here() -> None:
    """A function of a test module."""


def test_built_in_experiments_follow_the_environment() -> None:
    assert resolve("dot", {}, {"dot": "theano"}, None, Path()).target == "builtin:dot_theano"
    assert resolve("fit", {}, NUMPY, "keras", Path()).label == "fit on keras"
    assert str(resolve("dot", {"size": 100}, NUMPY, None, Path())) == "dot on numpy (size=100)"


def test_an_experiment_that_an_environment_lacks_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'fit' exists for numpy, keras, .*brings none.*framework='numpy'"):
        resolve("fit", {}, {"dot": "pytensor"}, None, Path())
    with pytest.raises(UsageError, match="framework='cupy'"):
        resolve("dot", {}, NUMPY, "cupy", Path())


def test_functions_go_by_module_by_file_or_by_themselves(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text("")
    assert resolve("json:dumps", {}, NUMPY, None, tmp_path).target == "json:dumps"
    assert resolve("work.py:go", {}, NUMPY, None, tmp_path).target == f"{tmp_path / 'work.py'}:go"
    assert resolve(json.dumps, {}, NUMPY, None, tmp_path).target == "json:dumps"
    assert resolve(here, {}, NUMPY, None, tmp_path).target.endswith(":here")


def test_a_module_off_the_search_path_goes_by_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    assert resolve(here, {}, NUMPY, None, Path()).target == f"{Path(__file__).resolve()}:here"


@pytest.mark.parametrize("nameless", [lambda: None, functools.partial(here), Path().exists])
def test_what_has_no_name_of_its_own_is_refused(nameless: Any) -> None:
    with pytest.raises(UsageError, match="cannot be found by name"):
        resolve(nameless, {}, NUMPY, None, Path())


@pytest.mark.parametrize("wrong", ["dott", "module:", ":function", ""])
def test_a_workload_that_is_none_lists_what_there_is(wrong: str) -> None:
    with pytest.raises(UsageError, match="expected 'dot', 'fit', 'module:function'"):
        resolve(wrong, {}, NUMPY, None, Path())


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.py does not exist"):
        resolve("nowhere.py:go", {}, NUMPY, None, tmp_path)


def test_another_interpreter_gets_the_project_and_none_of_our_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = Path(pytest.__file__).parents[1]
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(packages), str(Path(json.__file__).parents[1])])
    assert import_path(same_interpreter=False) == [str(tmp_path)]
    assert import_path(same_interpreter=True)[:2] == [str(tmp_path), str(packages)]


def serial(value: int = 1) -> int:
    return value


@functools.wraps(serial)
def wrapper() -> int:
    """It bears the name of what it wraps, where that is found and not this."""
    return serial()


def test_a_wrapper_that_bears_anothers_name_is_refused() -> None:
    with pytest.raises(UsageError, match=r"calls itself .*:serial, and another function is found by that name"):
        resolve(wrapper, {}, {}, None, Path())
    assert resolve(serial, {}, {}, None, Path()).target.endswith(":serial")


def refuse(*_: object) -> str:
    raise RuntimeError("no words")


def odd(base: type, **methods: object) -> Any:
    """A class by the name Odd, with these methods."""
    return type("Odd", (base,), methods)


def test_an_argument_that_cannot_be_shown_is_the_one_that_the_child_gets() -> None:
    number, text = odd(int, __repr__=refuse)(3), odd(str, __repr__=refuse)("x")
    assert str(resolve("m:f", {"a": number, "b": [text]}, {}, None, Path())) == "m:f (a=3, b=['x'])"
    assert str(resolve("m:f", {"a": (1, {2: 3})}, {}, None, Path())) == "m:f (a=(1, {2: 3}))"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (odd(object, __repr__=refuse)(), r"<.*\.Odd object at .*> \(Odd\)"),
        (odd(dict, items=refuse)(a=1), r"{'a': 1} \(Odd\)"),
    ],
    ids=["mute", "dict"],
)
def test_an_argument_whose_methods_raise_is_refused(value: object, shown: str) -> None:
    with pytest.raises(UsageError, match=rf"m:f: a={shown} cannot be handed to another interpreter"):
        resolve("m:f", {"a": value}, {}, None, Path())
