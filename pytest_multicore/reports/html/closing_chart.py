"""The interval that a limit is held against, after each row: how it closed in, and on which side of the limit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_multicore.reports.record import interval_record
from pytest_multicore.reports.words import figure
from pytest_multicore.verdicts.judge import Judgement, judgement
from pytest_multicore.verdicts.limits import Limits
from pytest_multicore.verdicts.statistics import Interval

from .chart_data import SHARES, Chart, ChartData, Key, Limit, thinned
from .drawing import ROLES, draw_limits, plot, set_range, set_ticks
from .svg import svg_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: After so many numbers of rows at most the interval is drawn.
MAX_STEPS = 60
NAMES = {
    "min_cores": "cores busy",
    "max_cores": "cores busy",
    "min_speedup": "times as fast",
    "max_speedup": "times as fast",
    "min_efficiency": "% of the attained speed-up",
    "max_threads": "threads that got CPU time",
    "max_loss": "% of the base's speed-up lost by threading",
    "max_slowdown": "% slower than the base",
}
#: Figures that may be below zero: a gain is a negative loss.
SIGNED_LIMITS = frozenset({"max_loss", "max_slowdown"})
#: Room above and below, as a share of what the last interval and the limit span.
ROOM_SHARE = 0.6
#: The least span, as a share of the largest value: else the scale's numbers would be long ones.
MIN_SPAN_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Step:
    """What the first rows say: how many they are, the figure as measured, and as the limit is held against it."""

    rows: int
    measured: Interval
    allowed: Interval


def closing_charts(measured: ChartData, numbers: Iterator[int]) -> Iterator[Chart]:
    """A chart for each limit; for a measurement without one, of its speed-up or its busy cores."""
    for quantity, taken in steps_of(measured).items():
        if taken:
            yield _chart(measured, quantity, taken, next(numbers))


def steps_of(measured: ChartData) -> dict[str, list[Step]]:
    """By quantity, the intervals after 1, 2, 3 and so on rows, by the same rules as the verdict's."""
    given = {verdict["quantity"]: verdict["limit"] for verdict in measured.record["verdicts"]}
    limits = Limits(**{name: limit for name, limit in given.items() if name in NAMES and name in Limits.__slots__})
    rows, confidence = measured.compared, measured.record["confidence"]
    steps: dict[str, list[Step]] = {name: [] for name in limits.given()}
    if not steps:
        steps = {"min_speedup" if measured.has_baseline else "min_cores": []}
    for count in thinned(range(1, len(rows) + 1), MAX_STEPS):
        judged = judgement(limits, rows[:count], confidence)
        found = {verdict.quantity: (verdict.measured, verdict.interval) for verdict in judged.verdicts}
        for name, (as_measured, allowed) in (found or _without_limits(judged)).items():
            if allowed is not None:
                steps[name].append(Step(count, as_measured or allowed, allowed))
    return steps


def _without_limits(judged: Judgement) -> dict[str, tuple[Interval | None, Interval | None]]:
    """What is of interest where nothing is asked for: the speed-up, or the busy cores of one side alone."""
    if judged.compared:
        return {"min_speedup": (judged.compared.ratio, judged.compared.speedup)}
    return {"min_cores": (judged.measured.busy, judged.measured.cores)}


def _chart(measured: ChartData, quantity: str, steps: Sequence[Step], number: int) -> Chart:
    limits = measured.limits(quantity)
    if quantity in SHARES:  # their limits are told in percent, and so are they
        limits = [replace(limit, value=100 * limit.value) for limit in limits]
        steps = [replace(one, measured=one.measured.scaled(100), allowed=one.allowed.scaled(100)) for one in steps]
    axes = plot("rows", NAMES[quantity])
    low, high = _range(steps, limits)
    set_range(axes, [low if quantity in SIGNED_LIMITS else max(0.0, low), high])
    set_ticks(axes, whole_x=True, whole_y=quantity == "max_threads")
    # The last step is as wide as the one before: else nobody would see what decided.
    drawn = [*steps, replace(steps[-1], rows=steps[-1].rows + (steps[-1].rows - steps[-2].rows if steps[1:] else 1))]
    counts = [step.rows for step in drawn]
    for kind, alpha in (("allowed", 0.16), ("measured", 0.3)):
        intervals: list[Interval] = [getattr(step, kind) for step in drawn]
        axes.fill_between(
            counts,
            [_within(axes, interval.low) for interval in intervals],
            [_within(axes, interval.high) for interval in intervals],
            color=ROLES["contender"],
            alpha=alpha,
            linewidth=0,
            step="post",
            gid=f"class-{kind}",
        )
    axes.plot(
        counts,
        [_within(axes, step.allowed.estimate) for step in drawn],
        color=ROLES["contender"],
        linewidth=1.6,
        drawstyle="steps-post",
    )
    axes.set_xlim(counts[0], counts[-1])
    draw_limits(axes, [limit.mark for limit in limits])
    title = "The interval closing in" if not limits else f"Closing in on {quantity} {limits[0].text}"
    told = _told(measured, quantity, steps[-1], limits)
    keys = [
        Key("contender", "line", "median"),
        Key("contender", "band", "interval as measured"),
        Key("contender", "pale", "with what the machine did not give"),
        *([Key("limit", "dash", "limit")] if limits else []),
    ]
    return Chart("closing", title, told, svg_of(axes, f"{title}. {told}", number), keys, bool(limits))


def _range(steps: Sequence[Step], limits: Sequence[Limit]) -> tuple[float, float]:
    """Where the limit and the last interval lie, with room for how it got there."""
    last = steps[-1]
    ends = (last.measured.low, last.measured.high, last.allowed.low, last.allowed.high)
    values = [limit.value for limit in limits] + [last.allowed.estimate] + [end for end in ends if math.isfinite(end)]
    if len(values) < len(ends):
        values += [step.allowed.estimate for step in steps]
    span = max(max(values) - min(values), MIN_SPAN_SHARE * max(map(abs, values)))
    room = ROOM_SHARE * span or 1.0
    return min(values) - room, max(values) + room


def _within(axes: Axes, value: float) -> float:
    """The value, or the end of the scale that it is beyond: a bound that the data do not give yet is infinite."""
    low, high = axes.get_ylim()
    return min(max(value, low), high)


def _told(measured: ChartData, quantity: str, last: Step, limits: Sequence[Limit]) -> str:
    unit = "×" if quantity.endswith("_speedup") else "%" if quantity in SHARES else ""
    limit = limits[0].value if limits else None
    text = f"After {last.rows} rows: {figure(interval_record(last.measured), unit, limit=limit)}"
    outcomes = [one["outcome"] for one in measured.record["verdicts"] if one["quantity"] == quantity]
    return ": ".join([text, *outcomes]) + "."
