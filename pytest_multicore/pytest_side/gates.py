"""Makes the gate of each test: of its settings, its marker and what varies over its runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn

import pytest

from pytest_multicore.reports.progress import progress_of
from pytest_multicore.settings.marker import BASE_LIMITS, LIMITS, MAX_LOSS
from pytest_multicore.settings.options import Settings
from pytest_multicore.verdicts.limits import Limits

from . import results
from .gate import Gate
from .matrix import matrix_record
from .options import settings_of
from .stash import GATE, MARKER_VALUES, MATRIX_CELL
from .timeouts import timeout_suspended


def gate_of(item: pytest.Item) -> Gate:
    """The test's gate, the same for all of its fixtures: its settings are resolved once."""
    if GATE not in item.stash:
        marker, cell = item.stash.get(MARKER_VALUES, {}), item.stash.get(MATRIX_CELL, None)
        settings = settings_of(item.config, {**marker, **cell.values} if cell else marker)
        holds_limits = cell is None or cell.holds_limits
        gate = item.stash[GATE] = Gate(
            test=item.nodeid,
            folder=item.config.rootpath,
            settings=settings,
            limits=_limits(settings, marker) if holds_limits else Limits(),
            limited=holds_limits and any(name in marker for name in _limit_names(settings)),
            matrix=matrix_record(item),
            progress=progress_of(item.config),
            skip=skip,
            keep=partial(results.keep, item),
            without_timeout=partial(timeout_suspended, item),
        )
        if item.get_closest_marker("xfail") is not None and not item.config.option.runxfail:
            gate.expect_failure()
    known: Gate = item.stash[GATE]
    return known


def _limits(settings: Settings, marker: Mapping[str, Any]) -> Limits:
    """The marker's limits. Those on a base hold where there is one."""
    limits = Limits(**{name: marker[name] for name in _limit_names(settings) if name in marker})
    return replace(limits, max_loss=MAX_LOSS) if settings.against and limits.max_loss is None else limits


def _limit_names(settings: Settings) -> list[str]:
    return [name for name in LIMITS if settings.against or name not in BASE_LIMITS]


def skip(reason: str) -> NoReturn:
    """End a test as skipped."""
    __tracebackhide__ = True
    # The test's own place: ours would be a line of this plugin.
    raise pytest.skip.Exception(reason, _use_item_location=True)
