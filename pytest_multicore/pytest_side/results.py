"""The session's results. They are kept as they come, so that whatever ends the session or the test loses none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pytest_multicore.reports.packed_rounds import PackedRounds
from pytest_multicore.verdicts.bounds import forget_rounds

from .options import is_worker
from .stash import BEGUN_AGAIN, CUT_SHORT, LATEST_RECORDS, LOCATIONS, RECORDS, WAITS
from .waits import Waits

Record = dict[str, Any]


def keep(item: pytest.Item, record: Record) -> None:
    """Keep a result of a test that goes on, and write it. That of a worker of pytest-xdist travels with a report."""
    if not is_worker():
        _add(item.config, item, [record], "")
        if CUT_SHORT in item.config.stash:
            item.config.stash[CUT_SHORT].write_so_far()


def note_attempt(config: pytest.Config, nodeid: str, worker: str = "") -> None:
    """A test is set up: if it has results, this is another attempt, as with pytest-rerunfailures."""
    if nodeid in config.stash.get(LATEST_RECORDS, {}):
        config.stash.setdefault(BEGUN_AGAIN, set()).add((nodeid, worker))


def collect(config: pytest.Config, report: pytest.TestReport) -> None:
    """Keep the results that a test's report has brought, in little memory: a session may have hundreds."""
    if waits_s := getattr(report, "multicore_waits_s", None):
        config.stash.setdefault(WAITS, Waits()).add(report.nodeid, waits_s)
    if records := getattr(report, "multicore", None):
        _add(config, report, records, getattr(report, "worker_id", ""))
        for record in records:
            record["rounds"] = PackedRounds(record["rounds"])
        forget_rounds()


def _add(config: pytest.Config, of: pytest.TestReport | pytest.Item, records: Sequence[Record], worker: str) -> None:
    """Add those that are not kept yet."""
    # Each worker of pytest-xdist may have a last attempt of its own, on a host of its own.
    latest = config.stash.setdefault(LATEST_RECORDS, {}).setdefault(of.nodeid, {}).setdefault(worker, [])
    known = set(map(id, latest))
    new = [record for record in records if id(record) not in known]
    begun_again = config.stash.setdefault(BEGUN_AGAIN, set())
    if new and (of.nodeid, worker) in begun_again:
        begun_again.remove((of.nodeid, worker))
        _drop(config, latest)
        latest.clear()
    latest.extend(new)
    config.stash.setdefault(RECORDS, []).extend(new)
    file, line, _ = of.location
    config.stash.setdefault(LOCATIONS, {})[of.nodeid] = file, None if line is None else line + 1


def _drop(config: pytest.Config, superseded: Sequence[Mapping[str, Any]]) -> None:
    """Forget the results of an attempt that was followed by another: the last stands."""
    if not superseded:
        return
    forgotten = set(map(id, superseded))
    records = config.stash[RECORDS]
    records[:] = [record for record in records if id(record) not in forgotten]
    if CUT_SHORT in config.stash:
        config.stash[CUT_SHORT].results_replaced()
