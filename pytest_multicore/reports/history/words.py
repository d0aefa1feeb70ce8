"""Changes in words: the same on the terminal and from the command."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pytest_multicore.reports.origin import origin_in_words
from pytest_multicore.reports.words import loss, percent
from pytest_multicore.verdicts.change import Movement
from pytest_multicore.verdicts.statistics import Interval
from pytest_multicore.verdicts.words import duration_in_words, share_in_words

from .changes import Figure, Kind, Move, Pair
from .entry import LOSS, Entry


def pair_lines(pair: Pair) -> Iterator[str]:
    """What two runs have of one measurement: a line, one for each figure that moved, and one for the loss."""
    yield from _figure_lines(pair)
    yield from _loss_lines(pair)


def _figure_lines(pair: Pair) -> Iterator[str]:
    name = pair.entry.name
    if pair.kind in (Kind.NEW, Kind.MISSING):
        yield f"{name}: {pair.kind.value}"
        return
    if pair.kind is Kind.NOT_COMPARABLE:
        yield f"{name}: not comparable: {'; '.join(pair.differences)}"
    moved = [one for one in pair.moves if one.movement is not Movement.NONE and one.figure.key != LOSS]
    if pair.undecided and pair.told is not None:
        yield f"{name}: undecided, an interval lacks a bound: {_figures(pair.told)}"
        if not moved:
            return
    if pair.kind is Kind.BOTH and not moved:
        yield f"{name}: no figure moved beyond its interval"
        return
    if pair.kind is Kind.BOTH and not pair.undecided:
        yield f"{name}:"
    for move in moved:
        yield f"  {move_in_words(move, judged=pair.kind is Kind.BOTH)}"
    if pair.also_changed:
        yield f"  with it: {'; '.join(pair.also_changed)}"


def _loss_lines(pair: Pair) -> Iterator[str]:
    """What a result lost against its base, whether that moved or not, and what the earlier one did."""
    now, before = (_loss_in_words(one) for one in (pair.new, pair.old))
    if not now:
        if before and pair.old:
            yield f"  the earlier result, against {pair.old.base}: {before}"
        return
    line = f"  against {pair.entry.base}: {now}"
    if before and pair.old:
        line += f", earlier {before}{'' if pair.old.base == pair.entry.base else f' against {pair.old.base}'}"
    move = next((one for one in pair.moves if one.figure.key == LOSS and one.movement is not Movement.NONE), None)
    yield f"{line}, {_judged(move)}" if move and pair.kind is Kind.BOTH else line


def since_last_line(pair: Pair, loss: float | None = None) -> str:
    """What changed since the last comparable result, on one line.

    Args:
        pair: the two results.
        loss: the share of the speed-up that fails the run; None where none does.
    """
    name = pair.entry.name
    if pair.old is None:
        return f"{name}: no earlier result to compare with"
    when = origin_in_words(pair.old.origin)
    told = pair.told
    figures = "no figure that both have" if told is None else _figures(told)
    if pair.kind is Kind.NOT_COMPARABLE:
        return f"{name}: not comparable with {when}: {'; '.join(pair.differences)} ({figures})"
    moved = ", ".join(
        _figures(one) if one.figure.key == LOSS else f"{one.figure.label} {_percent(one.ratio)}"
        for one in pair.moves
        if one is not told and one.movement is not Movement.NONE
    )
    also = f"; moved too: {moved}" if moved else ""
    if pair.also_changed and told is not None and told.movement is not Movement.NONE:
        also += f"; with it: {'; '.join(pair.also_changed)}"
    if loss is not None and pair.may_lose(loss):
        also += f"; a loss of {100 * loss:g} % is not excluded"
    if pair.undecided:
        return f"{name}: undecided since {when}, an interval lacks a bound ({figures}){also}"
    if told is None or told.movement is Movement.NONE:
        return f"{name}: no change beyond the intervals since {when} ({figures}){also}"
    return f"{name}: {_judged(told)} since {when}: {figures}, {_percent(told.ratio)}{also}"


def move_in_words(move: Move, *, judged: bool) -> str:
    """One figure: ``speed-up 1.93x [1.91, 1.95], now 1.04x [1.02, 1.06]: -46 % [-48, -44], worse``."""
    text = f"{_figures(move)}: {_percent(move.ratio)}"
    return f"{text}, {_judged(move)}" if judged else text


def _figures(move: Move) -> str:
    old, new = (_interval(one, move.figure) for one in (move.old, move.new))
    return f"{move.figure.label} {old}, now {new}"


def figure_in_words(entry: Entry, figure: Figure) -> str:
    """``1.05x [1.02, 1.08]``; ``-`` for a figure that was not measured."""
    interval = entry.compared(figure.key)
    return "-" if interval is None else _interval(interval, figure)


def value_in_words(value: float, figure: Figure) -> str:
    """``1.05x``; of what was kept what was lost, ``4.0 %``."""
    if figure.unit == "%":
        return share_in_words(1 - value)
    return duration_in_words(value) if figure.unit == "s" else f"{value:.2f}{figure.unit}"


def _judged(move: Move) -> str:
    return "worse" if move.is_worse else "better" if move.is_better else "moved"


def _interval(interval: Interval, figure: Figure) -> str:
    """Of a duration each bound has its unit, since they may differ; of others the estimate alone."""
    if figure.unit == "%":
        return percent(_lost(interval))
    bounds = (interval.low, interval.high)
    texts = [value_in_words(bound, figure).removesuffix("x") if math.isfinite(bound) else "?" for bound in bounds]
    return f"{value_in_words(interval.estimate, figure)} [{texts[0]}, {texts[1]}]"


def _loss_in_words(entry: Entry | None) -> str:
    """``lost by threading 45 [44, 46] %``; empty where there is no base."""
    kept = None if entry is None else entry.compared(LOSS)
    if kept is None:
        return ""
    word, share = loss(_lost(kept))
    return f"{word} by threading {share}"


def _lost(kept: Interval) -> dict[str, float | None]:
    """The loss, of what was kept, as reports hold an interval."""
    ends = {"low": kept.high, "estimate": kept.estimate, "high": kept.low}
    return {end: 1 - value if math.isfinite(value) else None for end, value in ends.items()}


def _percent(ratio: Interval) -> str:
    """``-46 % [-48, -44]``; with a digit more where whole percents would tell nothing."""
    small = abs(ratio.estimate - 1) < 0.05
    low, high = (_bound(bound, small) for bound in (ratio.low, ratio.high))
    return f"{_bound(ratio.estimate, small)} % [{low}, {high}]"


def _bound(ratio: float, small: bool) -> str:
    if not math.isfinite(ratio):
        return "?"
    return f"{100 * (ratio - 1):+.{1 if small else 0}f}"
