"""The CPUs that an interpreter may run on: set before it starts, so that all it loads and starts sees them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pytest_multicore.errors import UsageError
from pytest_multicore.settings.system import HAS_AFFINITY
from pytest_multicore.settings.world_at_start import WORLD, affinity_now


def check_affinity() -> None:
    """Refuse to give sides cores where that cannot be done.

    Raises:
        UsageError: says so, and what to do.
    """
    if not HAS_AFFINITY:
        raise UsageError(
            'vary="cores": sides get their cores by CPU affinity, which Python cannot set on this system (no '
            'os.sched_setaffinity; Linux has it); expected vary="threads" here'
        )


@contextmanager
def started_on(cpus: Sequence[int] | None) -> Iterator[None]:
    """Processes that this thread starts within the context may run on these CPUs alone.

    A child inherits the mask of the thread that starts it. It is set here and not in the child: what runs between fork
    and exec must not be Python where threads may run.

    Args:
        cpus: their numbers, among those that this thread may use; None: those of pytest, as it was when it began where
            the collection of tests has narrowed them since.

    Raises:
        UsageError: affinity cannot be set on this system.
        OSError: none of them is granted.
    """
    before = affinity_now()
    wanted = WORLD.child_affinity() if cpus is None else frozenset(cpus)
    if cpus is None and wanted == before:
        yield
        return
    check_affinity()
    assert before is not None and wanted is not None  # noqa: S101, PT018 - this system has affinity masks
    os.sched_setaffinity(0, wanted)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
