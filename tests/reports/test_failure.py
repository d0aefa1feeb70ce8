"""What a missed limit says beside the figures."""

from dataclasses import replace

from pytest_multicore.reports.failure import MAX_COUNTED, _counted
from pytest_multicore.rounds.round import ThreadUse
from tests.rounds import made

USES = [ThreadUse("python", 1, 1, 0.001), *(ThreadUse(f"worker-{tid}", 1, tid, 0.01 * tid) for tid in range(2, 12))]


def test_threads_that_are_too_many_are_named_with_what_each_did() -> None:
    told = _counted(replace(made(0.1), thread_use=tuple(USES[:3])))
    assert told.startswith("worker-3 0.30, worker-2 0.20, python 0.01 cores; a caller that waits for its pool counts")
    many = _counted(replace(made(0.1), thread_use=tuple(USES)))
    assert many.count("worker-") == MAX_COUNTED
    assert ", and 3 more cores;" in many
