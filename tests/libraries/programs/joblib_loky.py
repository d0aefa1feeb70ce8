"""Python loops in joblib's worker processes."""

from collections.abc import Callable

from joblib import Parallel, delayed


def loop(count: int) -> int:
    return sum(number * number for number in range(count))


def prepare(setting: int | None = None) -> Callable[[], object]:
    parallel = Parallel(n_jobs=setting or -1)
    return lambda: parallel(delayed(loop)(2_000_000) for _ in range(4))
