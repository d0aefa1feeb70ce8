"""Whether threads are a pool's, or Python's own that begin or end: a fork is told to come after a pool by it."""

import runpy
from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.interpreters.dialogue import AGENT

pytestmark = pytest.mark.quick
OWN = ["1"]


def seen(monkeypatch: pytest.MonkeyPatch, looks: Iterable[list[str]]) -> bool | None:
    """The answer where each look finds these threads of the system's, of which the first alone has a frame."""
    observe = runpy.run_path(str(AGENT / "watch" / "observe.py"))
    asked: Callable[[], bool | None] = observe["_threads_of_others"]
    each = iter(looks)
    monkeypatch.setattr("os.listdir", lambda _: next(each))
    monkeypatch.setattr("sys._current_frames", lambda: dict.fromkeys(OWN))
    monkeypatch.setitem(observe, "plain_sleep", lambda _: None)
    monkeypatch.setattr("threading._limbo", {})
    try:
        return asked()
    finally:
        monkeypatch.undo()


def always(*threads: str) -> Iterator[list[str]]:
    while True:
        yield [*OWN, *threads]


def others_at_each_look() -> Iterator[list[str]]:
    for number in range(100):
        yield [*OWN, f"{number + 2}"]


def test_a_thread_that_is_there_at_each_look_is_a_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(monkeypatch, always("7")) is True


def test_no_thread_is_seen_where_python_knows_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(monkeypatch, always()) is False


def test_threads_that_come_and_go_are_no_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(monkeypatch, others_at_each_look()) is False
