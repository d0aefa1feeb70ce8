"""pytest-timeout's limit is about the test, not about what else its measurement waits for.

How long rounds take is the neighbours' doing, and so is the wait for the machine. While an environment is made ready,
and from the wait for the machine to the verdict and its explanation, the limit stands still, and counts anew
afterwards: a busy machine must not turn a test red. A round or a set-up that hangs has this plugin's own limits
(experiment/open_side.py); the wait for the machine has none, and names the process waited for (host_lock.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

#: pytest-timeout's settings of a test whose timer runs.
RUNNING = pytest.StashKey[Any]()


class TimeLimits:
    """A plugin that notes whose timer runs. Without pytest-timeout, or before its 2.1, it hears of none."""

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: object) -> None:
        """Leave the setting to others."""
        item.stash[RUNNING] = settings

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_cancel_timer(self, item: pytest.Item) -> None:
        """Leave it to others."""
        if RUNNING in item.stash:
            del item.stash[RUNNING]


@contextmanager
def standing_still(item: pytest.Item) -> Iterator[None]:
    """The test's timer stops here, and starts anew at the end; where none runs, nothing happens."""
    settings = item.stash.get(RUNNING, None)
    if settings is None:
        yield
        return
    item.ihook.pytest_timeout_cancel_timer(item=item)
    try:
        yield
    finally:
        item.ihook.pytest_timeout_set_timer(item=item, settings=settings)
