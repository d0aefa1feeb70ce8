"""Simulated pairs of rounds: what noise does to the log of a pair's ratio when its true median is 0.

Each model makes log times of rounds and takes their differences as the product does: a pair is a round of each side,
and the ratio is baseline over contender. ``s`` is the level: the spread of a round's log time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

Array = NDArray[numpy.float64]

#: Pairs of a simulation that finds a median which no symmetry tells.
PAIRS_FOR_A_MEDIAN = 4_000_000


@dataclass(frozen=True)
class Turns:
    """Shape of a simulation: runs, pairs in each, and how the sides of a pair take turns.

    ``alternating`` is AB, BA, AB ...; otherwise the order of each pair is drawn.
    """

    runs: int
    pairs: int
    alternating: bool = False

    def of_one_machine(self, draw: Generator, log_times: Array) -> Array:
        """Log ratios on a machine where the rounds, in time, take so long whichever side they are of."""
        second_less_first: Array = log_times[:, 1::2] - log_times[:, ::2]
        if not self.alternating:
            drawn: Array = draw.choice((-1.0, 1.0), second_less_first.shape)
            return second_less_first * drawn
        begins: Array = draw.choice((-1.0, 1.0), (self.runs, 1))
        return second_less_first * begins * numpy.where(numpy.arange(self.pairs) % 2, -1.0, 1.0)

    def of_two_alike(self, one: Callable[[tuple[int, int]], Array]) -> Array:
        """Log ratios of two sides whose log times are made alike and apart."""
        return one((self.runs, self.pairs)) - one((self.runs, self.pairs))


@dataclass(frozen=True)
class Noise:
    """A noise model: ``log_ratios`` gives (runs, pairs) log ratios about a median of 0."""

    name: str
    says: str
    log_ratios: Callable[[Generator, Turns, float], Array]


def _log_normal(draw: Generator, turns: Turns, s: float) -> Array:
    return turns.of_two_alike(lambda shape: s * draw.standard_normal(shape))


def _heavy_tailed(draw: Generator, turns: Turns, s: float) -> Array:
    return turns.of_two_alike(lambda shape: s * draw.standard_t(2, shape))


def _two_speeds(draw: Generator, turns: Turns, s: float) -> Array:
    return _log_normal(draw, turns, s) + turns.of_two_alike(lambda shape: _slow(draw, shape, s))


def _spikes(draw: Generator, turns: Turns, s: float) -> Array:
    return _log_normal(draw, turns, s) + turns.of_two_alike(lambda shape: _spike(draw, shape, s))


def _two_speeds_of_one_side(draw: Generator, turns: Turns, s: float) -> Array:
    return _log_normal(draw, turns, s) - _slow(draw, (turns.runs, turns.pairs), s)


def _spikes_of_one_side(draw: Generator, turns: Turns, s: float) -> Array:
    return _log_normal(draw, turns, s) - _spike(draw, (turns.runs, turns.pairs), s)


def _slow(draw: Generator, shape: tuple[int, int], s: float) -> Array:
    return numpy.where(draw.random(shape) < 0.3, math.log1p(5 * s), 0.0)


def _spike(draw: Generator, shape: tuple[int, int], s: float) -> Array:
    return numpy.log1p(10 * s * draw.standard_exponential(shape)) * (draw.random(shape) < 0.1)


def _drifting(draw: Generator, turns: Turns, s: float) -> Array:
    rounds = (turns.runs, 2 * turns.pairs)
    drift = draw.uniform(-0.3, 0.3, (turns.runs, 1)) * numpy.linspace(0, 1, rounds[1])
    machine = turns.of_one_machine(draw, drift + s * _autocorrelated(draw, rounds, 0.8))
    return machine + _log_normal(draw, turns, s / 2)


def _alone(phi: float) -> Callable[[Generator, Turns, float], Array]:
    return lambda draw, turns, s: turns.of_one_machine(
        draw, s * _autocorrelated(draw, (turns.runs, 2 * turns.pairs), phi)
    )


def _of_each_side(draw: Generator, turns: Turns, s: float) -> Array:
    return turns.of_two_alike(lambda shape: s * _autocorrelated(draw, shape, 0.8))


def _autocorrelated(draw: Generator, shape: tuple[int, int], phi: float) -> Array:
    """AR(1) along the last axis, in its steady state, of variance 1."""
    values = draw.standard_normal(shape)
    values[:, 1:] *= math.sqrt(1 - phi * phi)
    for at in range(1, shape[1]):
        values[:, at] += phi * values[:, at - 1]
    return values


def _centred(noise: Noise) -> Noise:
    """The same noise about its median, which trouble of one side shifts: a simulation of its own says by how much."""

    @cache
    def median(s: float) -> float:
        return float(numpy.median(noise.log_ratios(default_rng(7), Turns(1, PAIRS_FOR_A_MEDIAN), s)))

    return replace(noise, log_ratios=lambda draw, turns, s: noise.log_ratios(draw, turns, s) - median(s))


#: Where both sides are alike the log ratio is symmetric and its median is 0.
MODELS = (
    Noise("log-normal", "a round's log time has spread s", _log_normal),
    Noise("heavy-tailed", "a round's log time is s x Student's t with 2 degrees of freedom", _heavy_tailed),
    Noise("two speeds", "log-normal, and 30 % of the rounds take 1 + 5 s times as long", _two_speeds),
    Noise("spikes", "log-normal, and 10 % of the rounds take 1 + 10 s x Exp(1) times as long", _spikes),
    Noise(
        "AR(1) and drift",
        "the machine's log speed is AR(1), 0.8 from round to round, of spread s, and drifts by up to 30 % within the "
        "budget; a round's own log time has spread s / 2",
        _drifting,
    ),
    _centred(Noise("two speeds, one side", "two speeds of the contender's rounds alone", _two_speeds_of_one_side)),
    _centred(Noise("spikes, one side", "spikes of the contender's rounds alone", _spikes_of_one_side)),
)

#: Autocorrelation and no other noise: harder than what was asked for, to see where the bound ends.
HARDER = (
    Noise("AR(1) 0.5 alone", "the machine's speed, nothing else", _alone(0.5)),
    Noise("AR(1) 0.8 alone", "the same", _alone(0.8)),
    Noise("AR(1) 0.95 alone", "the same", _alone(0.95)),
    Noise("AR(1) 0.8 of each side", "each side's own speed, from pair to pair", _of_each_side),
)


def spells(draw: Generator, runs: int, rows: int, row_s: float, slow_share: float) -> NDArray[numpy.bool_]:
    """(runs, rows): whether the machine is slow, in spells of 1 to 3 s that make up this share of the time."""
    slow = numpy.zeros((runs, rows), bool)
    fast_s = 2.0 * (1 - slow_share) / slow_share
    for run in slow:
        now_s, is_slow = -20 * fast_s, False
        while now_s < rows * row_s:
            lasts_s = draw.uniform(1, 3) if is_slow else draw.exponential(fast_s)
            run[max(0, math.ceil(now_s / row_s)) : max(0, math.ceil((now_s + lasts_s) / row_s))] |= is_slow
            now_s, is_slow = now_s + lasts_s, not is_slow
    return slow
