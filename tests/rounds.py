"""Rounds made of literals, for the pure parts."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pytest_multicore.rounds.round import Control, Round, ThreadUse


def made(
    wall_s: float = 0.1,
    cores: float = 1.0,
    *,
    threads: int | None = 2,
    repeat: int = 1,
    demand: float | None = None,
    os_threads: int | None = None,
    ended_share: float = 0.0,
    threads_unseen: int | None = 0,
    cores_open: float | None = None,
    began_s: float = 0.0,
    foreign: float = 0.0,
    steal: float = 0.0,
    quiet: bool = True,
    cores_online: int | None = None,
    control: Control | None = None,
) -> Round:
    """A round that took ``wall_s`` and kept ``cores`` busy with as many threads; others kept none busy.

    ``demand`` defaults to the cores that were busy.
    """
    at_work = math.ceil(cores) if os_threads is None else os_threads
    return Round(
        threads=threads,
        repeat=repeat,
        began_s=began_s,
        wall_s=wall_s,
        cpu_s=cores * wall_s,
        delay_s=((cores if demand is None else demand) - cores) * wall_s,
        thread_use=tuple(
            ThreadUse("python", 1, tid, cores * wall_s * (1 - ended_share) / at_work) for tid in range(at_work)
        ),
        foreign_s=foreign * wall_s,
        steal_s=steal * wall_s,
        throttled_s=0.0,
        quiet=quiet,
        control=control,
        cores_online=cores_online,
        threads_unseen=threads_unseen,
        cores_open=cores_open,
    )


def disturbed(wall_s: float = 0.1, cores: float = 1.0, *, threads: int | None = 2) -> Round:
    """A round whose threads waited for half of a core, which somebody else had."""
    return made(wall_s, cores, threads=threads, demand=cores + 0.5, foreign=1.0)


def look(
    cores: int,
    speed: float = 1.0,
    *,
    share: float = 1.0,
    memory: float | None = None,
    fastest: float | None = None,
) -> Control:
    """A look at the machine that found each core this fast, one of them perhaps faster."""
    return Control(cores, speed, share, memory, fastest)


def rows(
    count: int, speedup: float, *, cores: float = 2.0, disturbed_ones: int = 0, slowed_to: float | None = 1.0
) -> list[tuple[Round, Round]]:
    """Rows of a comparison whose every pair shows this speed-up, 0.2 s after the other; the last ones are disturbed.

    Args:
        count: of rows.
        speedup: of each pair.
        cores: that the contender keeps busy.
        disturbed_ones: how many of the contender's rounds are disturbed.
        slowed_to: speed of a core with two at work, as a share of one alone, by the control; None: nobody looked.
    """
    looks = (None, None) if slowed_to is None else (look(2, slowed_to), look(1))
    return [
        (
            replace(
                disturbed(0.1, cores) if number >= count - disturbed_ones else made(0.1, cores),
                began_s=0.2 * number,
                cores_online=2,
                control=looks[0],
            ),
            made(0.1 * speedup, 1.0, threads=1, began_s=0.2 * number + 0.1, cores_online=2, control=looks[1]),
        )
        for number in range(count)
    ]


def spaced(taken: Sequence[tuple[Round, ...]], each_s: float = 0.2) -> list[tuple[Round, ...]]:
    """The rows, one after the other in time."""
    return [tuple(replace(one, began_s=each_s * number) for one in row) for number, row in enumerate(taken)]


def sides(two_s: float, one_s: float, cores: float = 2.0, slowed_to: float = 1.0, **others: Any) -> tuple[Round, Round]:
    """A program's rounds at two threads and at one, on a machine that slows two cores to a share of one's speed."""
    return (
        made(two_s, cores, cores_online=2, control=look(2, slowed_to), **others),
        made(one_s, 1.0, threads=1, cores_online=2, control=look(1)),
    )
