"""Charts of the rounds as they were taken: their times, what the sides gained, and the cores that they kept busy."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pytest_multicore.reports.words import figure
from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.control_evidence import control_gain
from pytest_multicore.verdicts.row_sets import is_undisturbed
from pytest_multicore.verdicts.words import duration_in_words

from .chart_data import Chart, ChartData, Key, Limit, Side, thinned, unit_of
from .drawing import ROLES, draw_limits, plot, set_range, set_ticks
from .svg import svg_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What matplotlib calls the legend's shapes.
SHAPES = {"dot": "o", "square": "s", "diamond": "D", "up": "^", "down": "v", "plus": "P", "cross": "X"}
SIZE_PX = 3.6
LIMIT_KEY = Key("limit", "dash", "limit")

#: Of one side, or of the control: when, how much, and whether it was undisturbed.
Point = tuple[float, float, bool]


def times_chart(measured: ChartData, number: int) -> Chart:
    """How long a repetition took, round by round, on each side; a limit on the speed-up as the time that meets it."""
    sides = measured.sides
    medians_s = {side.index: _median(_times(measured, side)) for side in sides}
    factor, unit = unit_of(max(medians_s.values()))
    limits = [
        Limit(medians_s[_baseline(sides).index] / limit.value * factor, limit.text) for limit in measured.speedup_limits
    ]
    series = {side: [(at, time * factor, good) for at, time, good in _times(measured, side)] for side in sides}
    told = ", ".join(f"{side.name} {duration_in_words(medians_s[side.index])}" for side in sides)
    return _scatter(
        "times",
        "Time of each round",
        f"Time of a repetition, median of all rounds: {told}.",
        f"{unit} a repetition",
        series,
        limits,
        number,
        keys=[Key("limit", "dash", "time that meets the limit")],
    )


def gains_chart(measured: ChartData, number: int) -> Chart | None:
    """The ratio of each row, and what the control gained in it; None without a baseline."""
    if not measured.has_baseline:
        return None
    record, rows = measured.record, measured.compared
    gains = [(row[0].began_s, gain, True) for row in rows if (gain := control_gain(row[0], row[1]))]
    series = {Side(0, "contender", "dot", "the program"): [_ratio(row[0], row[1]) for row in rows]}
    told = f"The program: {figure(record['measured_speedup'], '×')}."
    if gains:
        series[Side(1, "control", "diamond", "a compute loop that shares nothing")] = gains
        told += f" What the machine gave a compute loop: {figure(record['attained_speedup'], '×')}."
    if record["against"]:
        series[Side(2, "other", "up", "the base")] = [_ratio(row[2], row[3]) for row in rows]
        told += f" The base: {figure(record['against']['base_speedup'], '×')}."
    return _scatter(
        "gains",
        "Speed-up of each row",
        told,
        "times as fast",
        series,
        measured.speedup_limits,
        number,
        keys=[LIMIT_KEY],
    )


def cores_chart(measured: ChartData, number: int) -> Chart:
    """The cores that each side kept busy, round by round."""
    series = {side: [_busy(row[side.index]) for row in measured.rows] for side in measured.sides}
    medians = ", ".join(f"{side.name} {_median(points):.2f}" for side, points in series.items())
    return _scatter(
        "cores",
        "Cores busy in each round",
        f"Median of all rounds: {medians}. Busy is CPU time over wall time; it need not be useful.",
        "cores busy",
        series,
        measured.limits("min_cores", "max_cores"),
        number,
        keys=[LIMIT_KEY],
    )


def _scatter(
    name: str,
    title: str,
    told: str,
    y_title: str,
    series: dict[Side, list[Point]],
    limits: Sequence[Limit],
    number: int,
    *,
    keys: Sequence[Key],
) -> Chart:
    axes = plot("seconds since the first round", y_title)
    values = [value for points in series.values() for _, value, _ in points]
    set_range(axes, [*values, *(limit.value for limit in limits)], from_zero=True)
    set_ticks(axes)
    hollow = [_draw(axes, side, thinned(points)) for side, points in reversed(series.items())]
    draw_limits(axes, [limit.mark for limit in limits])
    legend = [Key(side.role, side.shape, side.name) for side in series]
    legend += [Key("muted", "ring", "disturbed")] if any(hollow) else []
    legend += keys if limits else []
    return Chart(name, title, told, svg_of(axes, f"{title}. {told}", number), legend, bool(limits))


def _draw(axes: Axes, side: Side, points: Iterable[Point]) -> bool:
    """Draw one side's points; say whether any of them was disturbed."""
    colour, shape = ROLES[side.role], SHAPES[side.shape]
    of_kinds: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for at, value, good in points:
        of_kinds[good].append((at, value))
    for good, kind in of_kinds.items():
        if kind:
            fill = colour if good else ROLES["card"]
            axes.plot(
                *zip(*kind, strict=True),
                shape,
                color=colour,
                markerfacecolor=fill,
                markeredgewidth=1,
                markersize=SIZE_PX,
                clip_on=False,
                gid=f"class-{side.role}",
            )
    return bool(of_kinds[False])


def _times(measured: ChartData, side: Side) -> list[Point]:
    return [_time(row[side.index]) for row in measured.rows]


def _time(taken: Round) -> Point:
    return taken.began_s, taken.repetition_s, is_undisturbed(taken)


def _ratio(contender: Round, baseline: Round) -> Point:
    good = is_undisturbed(contender) and is_undisturbed(baseline)
    return contender.began_s, baseline.repetition_s / contender.repetition_s, good


def _busy(taken: Round) -> Point:
    return taken.began_s, taken.busy_cores, is_undisturbed(taken)


def _baseline(sides: Sequence[Side]) -> Side:
    return next(side for side in sides if side.role == "baseline")


def _median(points: Iterable[Point]) -> float:
    return statistics.median(value for _, value, _ in points)
