"""Levels that change are found, and noise is none."""

import random
import sys
from collections.abc import Callable

import pytest

from pytest_multicore.reports.history.change_points import MIN_RUNS, change_points

pytest.importorskip("ruptures", reason="the extra history: no release of ruptures for this Python")

#: Series of each kind.
SERIES = 40

Noise = Callable[[random.Random], float]


def normal(drawn: random.Random) -> float:
    return drawn.gauss(0, 0.02)


def spikes(drawn: random.Random) -> float:
    """A tenth of the runs met something that slowed them down, by 30 % in the mean."""
    return drawn.gauss(0, 0.01) - (drawn.expovariate(1 / 0.3) if drawn.random() < 0.1 else 0)


def noisy(levels: list[float], noise: Noise, seed: int) -> list[float]:
    drawn = random.Random(seed)
    return [max(0.01, level * (1 + noise(drawn))) for level in levels]


@pytest.mark.parametrize("noise", [normal, spikes])
@pytest.mark.parametrize("runs", [8, 20])
def test_of_series_without_a_change_few_get_one(runs: int, noise: Noise) -> None:
    found = sum(bool(change_points(noisy([1.9] * runs, noise, seed))) for seed in range(SERIES))
    assert found <= 0.1 * SERIES


@pytest.mark.parametrize("noise", [normal, spikes])
@pytest.mark.parametrize(("runs", "at"), [(8, 5), (20, 17)])
def test_a_loss_of_a_fifth_is_found_where_it_is(runs: int, at: int, noise: Noise) -> None:
    levels = [1.9] * at + [1.52] * (runs - at)
    near = [change_points(noisy(levels, noise, seed)) for seed in range(SERIES)]
    found = sum(len(places) == 1 and abs(places[0] - at) <= 1 for places in near)
    assert found >= 0.8 * SERIES


def test_two_changes_are_found() -> None:
    assert change_points(noisy([1.9] * 10 + [1.0] * 10 + [1.8] * 10, normal, 1)) == [10, 20]


def test_one_odd_run_is_no_change() -> None:
    assert change_points([1.9] * 10 + [1.0] + [1.9] * 10) == []
    assert change_points([1.9] * 10 + [1.0] * MIN_RUNS + [1.9] * 10) == [10, 10 + MIN_RUNS]


@pytest.mark.parametrize("values", [[], [1.9], [1.9, 1.0], [1.9] * 5, [1.9] * 40, [0.0] * 10])
def test_short_and_constant_series_have_none(values: list[float]) -> None:
    assert change_points(values) == []


def test_a_percent_is_no_change_however_exact_the_runs_are() -> None:
    assert change_points([1.90] * 20 + [1.89] * 20) == []


def test_without_ruptures_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ruptures", None)
    with pytest.raises(ImportError):
        change_points([1.9] * 10)
