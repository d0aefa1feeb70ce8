"""What each thread did: a timeline where the program was observed for an explanation, else its share of a core."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_multicore.reports.visible import visible
from pytest_multicore.rounds.sides import contender_index

from .chart_data import Chart, ChartData, Key
from .drawing import BOTTOM_PX, ROLES, TOP_PX, draw_limits, plain_numbers, plot
from .svg import svg_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Threads that are shown, the busiest first; a name's signs that are shown; a thread's height.
MAX_THREADS, MAX_NAME, THREAD_PX = 16, 14, 16
#: Room for the names.
NAMES_PX = 96
#: How strongly a share of a core is shown, in so many steps.
STEPS = 4
#: Beside next to no CPU time a thread that could run had no core; in one sample alone it may just have woken.
MAX_WAITING_CORES = 0.1
MIN_WAITING_SAMPLES = 2
#: A colour's role, and how strong it is.
Kind = tuple[str, float]
WAITING: Kind = ("waiting", 1.0)
LEGEND = (
    Key("contender", "block", "on a core"),
    Key("contender", "pale", "on a core in part"),
    Key("waiting", "block", "could run, had no core"),
)


def threads_chart(measured: ChartData, number: int) -> Chart | None:
    """The timeline of each thread, or its share of a core; None where no thread is known."""
    tasks = (measured.record.get("evidence") or {}).get("tasks") or ()
    sampled = [task for task in tasks if len(task.get("timeline", ())) > 1]
    if sampled:
        return _timelines(measured, sampled, number)
    shares = _shares(measured)
    return _bars(measured, shares, number) if shares else None


def _timelines(measured: ChartData, tasks: Sequence[Mapping[str, Any]], number: int) -> Chart:
    drawn = [(task["name"], _spans(task["timeline"])) for task in tasks]
    at_work = [(name, spans) for name, spans in drawn if spans]
    shown = at_work[:MAX_THREADS] or drawn[:1]
    axes = _axes("seconds", "thread", [name for name, _ in shown])
    for row, (_, kinds) in enumerate(shown):
        for (colour, alpha), spans in kinds.items():
            axes.broken_barh(
                spans, (row - 0.35, 0.7), facecolor=ROLES[colour], alpha=alpha, linewidth=0, gid="class-spans"
            )
    axes.set_xlim(0, max(task["timeline"][-1][0] for task in tasks))
    idle = f", {len(tasks) - len(at_work)} idle" if len(at_work) < len(tasks) else ""
    told = f"In a run of its own, sampled from outside: {_counted(len(at_work), len(shown))} at work{idle}."
    return _finished(measured, axes, "What each thread did", told, len(shown), LEGEND, number)


def _spans(timeline: Sequence[tuple[float, float, str]]) -> dict[Kind, list[tuple[float, float]]]:
    """By colour and strength, the spans (start, length) in which a thread was so busy; neighbours are one."""
    spans: dict[Kind, list[tuple[float, float]]] = {}
    samples = [(start, end, _kind(cores, state)) for (start, *_), (end, cores, state) in itertools.pairwise(timeline)]
    for kind, alike in itertools.groupby(samples, key=lambda sample: sample[2]):
        taken = list(alike)
        if kind and (kind != WAITING or len(taken) >= MIN_WAITING_SAMPLES):
            start, end = taken[0][0], taken[-1][1]
            spans.setdefault(kind, []).append((start, end - start))
    return spans


def _kind(cores: float, state: str) -> Kind | None:
    if cores < MAX_WAITING_CORES:
        return WAITING if state == "R" else None
    return "contender", max(1, round(min(1.0, cores) * STEPS)) / STEPS


def _shares(measured: ChartData) -> list[tuple[str, float]]:
    """Names of the contender's threads, with the cores that each kept busy: medians over rounds, the busiest first."""
    if not measured.rows:
        return []
    side = contender_index(series=measured.series)
    rounds = [row[side] for row in measured.rows]
    uses = [sorted(taken.thread_use, key=lambda use: -use.cpu_s) for taken in rounds]
    count = round(statistics.median(len(of_round) for of_round in uses))
    return [
        (
            uses[-1][place].name if place < len(uses[-1]) else "",
            statistics.median(
                (of_round[place].cpu_s if place < len(of_round) else 0.0) / taken.wall_s
                for of_round, taken in zip(uses, rounds, strict=True)
            ),
        )
        for place in range(count)
    ]


def _bars(measured: ChartData, shares: Sequence[tuple[str, float]], number: int) -> Chart:
    shown = shares[:MAX_THREADS]
    axes = _axes("cores", "thread", [name for name, _ in shown])
    axes.barh(range(len(shown)), [cores for _, cores in shown], height=0.7, color=ROLES["contender"], gid="class-bars")
    axes.set_xlim(0, max(1.0, *(cores for _, cores in shown)))
    told = f"{_counted(len(shares), len(shown))} got CPU time in a round of {measured.sides[0].name}; medians."
    keys = (Key("contender", "block", "cores that it kept busy"),)
    return _finished(measured, axes, "Use of each thread", told, len(shown), keys, number)


def _axes(x_title: str, y_title: str, names: Sequence[str]) -> Axes:
    from matplotlib.ticker import MaxNLocator

    axes = plot(x_title, y_title, height_px=TOP_PX + BOTTOM_PX + THREAD_PX * max(2, len(names)), left_px=NAMES_PX)
    axes.set_yticks(range(len(names)), [_short(visible(name)) for name in names])
    axes.set_ylim(max(2, len(names)) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color=ROLES["grid"], linewidth=1)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(plain_numbers())
    return axes


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"


def _counted(count: int, shown: int) -> str:
    text = f"{count} thread{'' if count == 1 else 's'}"
    return text if count == shown else f"{text}, the {shown} busiest shown,"


def _finished(
    measured: ChartData, axes: Axes, title: str, told: str, shown: int, keys: Sequence[Key], number: int
) -> Chart:
    """The chart; a limit on the number of threads is the line below the last one that it allows."""
    limits = [limit for limit in measured.limits("max_threads") if limit.value <= shown]
    draw_limits(axes, [(limit.value - 0.5, limit.text) for limit in limits])
    legend = [*keys, *([Key("limit", "dash", "threads allowed")] if limits else [])]
    return Chart("threads", title, told, svg_of(axes, f"{title}. {told}", number), legend, bool(limits))
