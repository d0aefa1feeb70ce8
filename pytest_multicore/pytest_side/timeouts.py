"""pytest-timeout's limit is about the test, not about what else its measurement waits for.

How long rounds take depends on the neighbours, and so does the wait for the machine. So the limit is suspended while an
environment is made ready, and from the wait for the machine to the verdict and its explanation. Afterwards it starts
anew: a busy machine must not turn a test red. A round or a set-up that hangs has limits of this plugin's own
(experiment/open_side.py); the wait for the machine has none, and says which process it waits for (host_lock.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

#: With an item: pytest-timeout's settings of its timer, while that runs.
TIMER_SETTINGS = pytest.StashKey[Any]()


class RunningTimers:
    """A plugin that notes which tests' timers run; none where pytest-timeout is missing or older than 2.1."""

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: object) -> None:
        """Note it; pytest-timeout itself sets the timer."""
        item.stash[TIMER_SETTINGS] = settings

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_cancel_timer(self, item: pytest.Item) -> None:
        """Note it; pytest-timeout itself cancels the timer."""
        if TIMER_SETTINGS in item.stash:
            del item.stash[TIMER_SETTINGS]


@contextmanager
def timeout_suspended(item: pytest.Item) -> Iterator[None]:
    """The test's timer stops here and starts anew at the end; without a running timer nothing happens."""
    settings = item.stash.get(TIMER_SETTINGS, None)
    if settings is None:
        yield
        return
    item.ihook.pytest_timeout_cancel_timer(item=item)
    try:
        yield
    finally:
        item.ihook.pytest_timeout_set_timer(item=item, settings=settings)
