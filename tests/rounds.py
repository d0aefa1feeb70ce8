"""Rounds made of literals, for the pure parts."""

from pytest_multicore.measurement.pace import Pace
from pytest_multicore.measurement.rounds import Round
from pytest_multicore.measurement.usage import ThreadUse


def made(
    wall_s: float = 0.1,
    cores: float = 1.0,
    *,
    threads: int | None = 2,
    repeat: int = 1,
    demand: float | None = None,
    os_threads: int = 1,
    ended_share: float = 0.0,
    threads_unseen: int | None = 0,
    cores_open: float | None = None,
    disturbance: str | None = None,
    pace: Pace | None = None,
) -> Round:
    """A round that took ``wall_s`` and kept ``cores`` busy; ``demand`` defaults to the same."""
    return Round(
        threads=threads,
        repeat=repeat,
        began_s=0.0,
        wall_s=wall_s,
        cpu_s=cores * wall_s,
        delay_s=((cores if demand is None else demand) - cores) * wall_s,
        thread_use=tuple(
            ThreadUse("python", 1, tid, cores * wall_s * (1 - ended_share) / os_threads) for tid in range(os_threads)
        ),
        foreign_s=0.0,
        steal_s=0.0,
        throttled_s=0.0,
        quiet=True,
        disturbance=disturbance,
        pace=pace,
        threads_unseen=threads_unseen,
        cores_open=cores_open,
    )


def rows(count: int, speedup: float, *, cores: float = 2.0, disturbed: int = 0) -> list[tuple[Round, Round]]:
    """Rows of a comparison whose every pair shows this speed-up; the last ``disturbed`` ones do not count."""
    return [
        (
            made(0.1, cores, disturbance="others used 1.00 cores" if number >= count - disturbed else None),
            made(0.1 * speedup, 1.0, threads=1),
        )
        for number in range(count)
    ]
