"""Python loops in a pool of as many processes as Python counts cores."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor


def loop(count: int) -> int:
    return sum(number * number for number in range(count))


def prepare(setting: int | None = None) -> Callable[[], object]:
    pool = ProcessPoolExecutor(setting)
    return lambda: list(pool.map(loop, [1_000_000] * 6))
