"""A scaling series: the speed-up at each thread count, against the ideal, what the machine attained, and the law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_multicore.reports.words import figure, varies_cores
from pytest_multicore.verdicts import usl
from pytest_multicore.verdicts.control_evidence import attained_speedup

from .chart_data import Chart, ChartData, Key
from .drawing import ROLES, draw_limits, plot, set_range, set_ticks
from .svg import svg_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LAWS = {"amdahl": "Amdahl's law", "usl": "Universal Scalability Law"}
#: The least distance of two counts below the scale, as a share of the scale.
MIN_TICK_SHARE = 0.08

KEYS = (
    Key("contender", "dot", "measured"),
    Key("muted", "dots", "ideal"),
)


def scaling_chart(measured: ChartData, number: int) -> Chart | None:
    """The curve; None where no series was measured."""
    series = [point for point in measured.record["scaling"] or () if point["speedup"]]
    if not series:
        return None
    law = measured.record["scaling_law"]
    unit = "cores" if varies_cores(measured.record) else "threads"
    axes = plot(unit, "times as fast")
    attained = _attained(measured, [point["threads"] for point in series])
    curve = _law_curve(law) if law else []
    limits = measured.limits("min_speedup", "max_speedup")
    _set_scales(axes, series, law, [limit.value for limit in limits] + [value for _, value in attained + curve])
    first, most = series[0]["threads"], axes.get_xlim()[1]
    axes.plot([first, most], [1, most / first], color=ROLES["muted"], linewidth=1.2, linestyle=":", gid="class-ideal")
    keys = list(KEYS)
    if attained:
        axes.plot(
            *zip(*attained, strict=True), "D-", color=ROLES["control"], markersize=4, linewidth=1, gid="class-attained"
        )
        keys.append(Key("control", "diamond", "a compute loop that shares nothing"))
    if curve:
        axes.plot(*zip(*curve, strict=True), color=ROLES["baseline"], linewidth=1.6, gid="class-law")
        keys.append(Key("baseline", "line", "the law"))
    _draw_points(axes, series, hollow=False)
    if law and law["predictions"]:
        _draw_points(axes, law["predictions"], hollow=True)
        keys.append(Key("contender", "ring", "predicted"))
    draw_limits(axes, [limit.mark for limit in limits])
    keys += [Key("limit", "dash", "limit")] if limits else []
    told = _told(series[-1], law, unit)
    return Chart("scaling", "Scaling", told, svg_of(axes, f"Scaling. {told}", number), keys, bool(limits))


def _set_scales(
    axes: Axes, series: Sequence[Mapping[str, Any]], law: Mapping[str, Any] | None, others: Sequence[float]
) -> None:
    points = [*series, *(law["predictions"] if law else ())]
    ends = [point["speedup"][end] for point in points for end in ("low", "estimate", "high")]
    counts = [point["threads"] for point in points]
    axes.set_xlim(min(counts) - 0.04 * max(counts), 1.04 * max(counts))
    known = [end for end in ends if end is not None]
    set_range(axes, [*known, *others], from_zero=True)
    set_ticks(axes)
    axes.set_xticks(_ticks(sorted(set(counts))))


def _ticks(counts: Sequence[int]) -> list[int]:
    """The counts that are written below the scale, the largest first: none where its neighbour stands."""
    ticks: list[int] = []
    for count in reversed(counts):
        if not ticks or ticks[-1] - count >= MIN_TICK_SHARE * counts[-1]:
            ticks.append(count)
    return ticks


def _told(last: Mapping[str, Any], law: Mapping[str, Any] | None, unit: str) -> str:
    text = f"{last['threads']} {unit}: {figure(last['speedup'], '×')}."
    if law and law["serial_fraction"]:
        text += f" {LAWS[law['model']]}: serial fraction {figure(law['serial_fraction'])}."
    return text


def _attained(measured: ChartData, counts: Sequence[int]) -> list[tuple[int, float]]:
    """What the control gained at each count over the first one."""
    found = [(count, attained_speedup(measured.rows, side, 0, 0.5)) for side, count in enumerate(counts)]
    return [(count, interval.estimate) for count, interval in found if interval]


def _law_curve(law: Mapping[str, Any]) -> list[tuple[int, float]]:
    if not law["serial_fraction"]:
        return []
    at = (law["serial_fraction"]["estimate"], law["coherence"]["estimate"] if law["coherence"] else 0.0)
    first = law["threads"][0]
    furthest = max([law["threads"][-1], *(one["threads"] for one in law["predictions"])])
    return [(count, usl.speedup(at, count, first)) for count in range(first, furthest + 1)]


def _draw_points(axes: Axes, points: Sequence[Mapping[str, Any]], *, hollow: bool) -> None:
    """Speed-ups with their intervals; an unknown bound reaches to the scale's end."""
    low, high = axes.get_ylim()
    for point in points:
        speedup = point["speedup"]
        ends = [low if speedup["low"] is None else speedup["low"], high if speedup["high"] is None else speedup["high"]]
        axes.plot([point["threads"]] * 2, ends, color=ROLES["contender"], linewidth=1.2)
    axes.plot(
        [point["threads"] for point in points],
        [point["speedup"]["estimate"] for point in points],
        "o",
        color=ROLES["contender"],
        markerfacecolor=ROLES["card"] if hollow else ROLES["contender"],
        markersize=5,
        zorder=4,
        gid="class-predicted" if hollow else "class-contender",
    )
