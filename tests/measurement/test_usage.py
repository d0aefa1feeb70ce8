from dataclasses import replace

import pytest

from pytest_multicore.measurement.snapshots import TaskTimes, TreeSnapshot
from pytest_multicore.measurement.usage import OwnClock, threads_unseen, usage

ROOT = 10


def snapshot(cpu: dict[int, float], reaped: dict[int, float], **tasks: tuple[float, float | None]) -> TreeSnapshot:
    named = {(ROOT, int(tid[1:])): TaskTimes("t", *times) for tid, times in tasks.items()}
    return TreeSnapshot(cpu, reaped, named)


def test_the_roots_own_clock_counts_not_the_snapshots() -> None:
    """The snapshots lie outside the region: what the root spent on the dialogue is not the workload's."""
    before = snapshot({ROOT: 1.0}, {ROOT: 0.0})
    after = snapshot({ROOT: 1.9}, {ROOT: 0.0})
    assert usage(ROOT, before, after, OwnClock(0.8, 0.0)).cpu_s == pytest.approx(0.8)


def test_children_count() -> None:
    before = snapshot({ROOT: 1.0, 11: 5.0}, {ROOT: 0.0, 11: 0.0})
    after = snapshot({ROOT: 1.0, 11: 5.7}, {ROOT: 0.0, 11: 0.0})
    assert usage(ROOT, before, after, OwnClock(0.1, 0.0)).cpu_s == pytest.approx(0.8)


def test_a_child_that_ended_counts_without_its_past() -> None:
    """It had used 5 s before the round; all its 5.7 s came back when it was waited for."""
    before = snapshot({ROOT: 1.0, 11: 5.0}, {ROOT: 0.0, 11: 0.0})
    after = snapshot({ROOT: 1.0}, {ROOT: 5.7})
    assert usage(ROOT, before, after, OwnClock(0.1, 5.7)).cpu_s == pytest.approx(0.8)


def test_a_child_that_was_waited_for_after_the_region_counts() -> None:
    """It was exiting when the region ended: the root's own reading lacks it, and the snapshot has it no more."""
    before, after = snapshot({ROOT: 1.0}, {ROOT: 2.0}), snapshot({ROOT: 1.0}, {ROOT: 2.7})
    assert usage(ROOT, before, after, OwnClock(0.1, 0.0)).cpu_s == pytest.approx(0.8)
    assert usage(ROOT, before, after, OwnClock(0.1, 0.69)).cpu_s == pytest.approx(0.79), "its own reading is exact"


def test_a_child_that_was_waited_for_before_the_region_takes_nothing_off() -> None:
    before, after = snapshot({ROOT: 1.0, 11: 0.7}, {ROOT: 2.0, 11: 0.0}), snapshot({ROOT: 1.0}, {ROOT: 2.7})
    assert usage(ROOT, before, after, OwnClock(0.1, 0.0)).cpu_s == pytest.approx(0.1)


def test_a_grandchild_that_ended_counts_once() -> None:
    before = snapshot({ROOT: 1.0, 11: 1.0, 12: 2.0}, {ROOT: 0.0, 11: 0.0, 12: 0.0})
    after = snapshot({ROOT: 1.0, 11: 1.2}, {ROOT: 0.0, 11: 2.5})
    assert usage(ROOT, before, after, OwnClock(0.0, 0.0)).cpu_s == pytest.approx(0.7)


def test_only_threads_that_ran_are_seen_and_the_busiest_is_first() -> None:
    before = snapshot({}, {}, t1=(1.0, 0.0), t2=(1.0, 0.0))
    after = snapshot({}, {}, t1=(1.1, 0.0), t2=(1.0, 0.0), t3=(0.5, 0.2))
    found = usage(ROOT, before, after, OwnClock(0.6, 0.0))
    assert [thread.tid for thread in found.threads] == [3, 1]
    assert found.delay_s == pytest.approx(0.2)


def test_waits_of_all_threads_add_up() -> None:
    before = snapshot({}, {}, t1=(1.0, 0.5), t2=(1.0, 0.0))
    after = snapshot({}, {}, t1=(1.5, 0.6), t2=(1.5, 0.3))
    assert usage(ROOT, before, after, OwnClock(1.0, 0.0)).delay_s == pytest.approx(0.4)


def test_a_thread_waits_only_while_it_is_not_at_work() -> None:
    """Beside others it waited 0.1 s to be told to begin. The kernel's clock has that, too; the region took 0.5 s."""
    before = snapshot({ROOT: 1.0}, {ROOT: 0.0}, t1=(1.0, 0.0))
    after = snapshot({ROOT: 1.11}, {ROOT: 0.0}, t1=(1.11, 0.5))
    used = usage(ROOT, before, after, OwnClock(0.1, 0.0), wall_s=0.5)
    assert used.delay_s == pytest.approx(0.4)
    assert [thread.delay_s for thread in used.threads] == pytest.approx([0.4])


def test_an_unknown_delay_stays_unknown() -> None:
    after = snapshot({}, {}, t1=(1.1, None))
    assert usage(ROOT, snapshot({}, {}), after, OwnClock(1.1, 0.0)).delay_s is None


def test_where_no_thread_is_told_no_wait_is_either() -> None:
    """As to a plain user of macOS."""
    assert usage(ROOT, snapshot({}, {}), snapshot({}, {}), OwnClock(1.1, 0.0)).delay_s is None


def test_one_thread_whose_wait_nobody_tells_leaves_all_of_them_unknown() -> None:
    after = snapshot({}, {}, t1=(1.1, 0.2), t2=(1.1, None))
    assert usage(ROOT, snapshot({}, {}), after, OwnClock(2.2, 0.0)).delay_s is None


def test_a_quota_that_held_back_longer_than_threads_waited_leaves_no_wait() -> None:
    """It is summed over CPUs, whether a thread stood in their queues or not."""
    after = replace(snapshot({}, {}, t1=(1.1, 0.1)), throttled_s=0.3)
    assert usage(ROOT, snapshot({}, {}), after, OwnClock(1.1, 0.0)).delay_s == 0.0


def test_what_threads_spun_beyond_the_region_is_the_trees() -> None:
    before, after = snapshot({ROOT: 1.0, 11: 5.0}, {ROOT: 0.0}), snapshot({ROOT: 1.9, 11: 5.2}, {ROOT: 0.0})
    found = usage(ROOT, before, after, OwnClock(0.3, 0.0))
    assert (found.cpu_s, found.tree_cpu_s) == (pytest.approx(0.5), pytest.approx(1.1))


def test_a_child_that_leaves_the_tree_takes_no_time_of_others_along() -> None:
    before = snapshot({ROOT: 1.0, 7: 5.0}, {})
    assert usage(ROOT, before, snapshot({ROOT: 1.1}, {}), OwnClock(0.1, 0.0)).cpu_s == 0.0


def test_what_a_quota_of_its_own_held_back_nobody_else_took() -> None:
    """A program in a control group of its own: its threads stand in a queue, but wait for nobody."""
    before = replace(snapshot({}, {}, t1=(1.0, 0.5)), throttled_s=0.4)
    after = replace(snapshot({}, {}, t1=(1.1, 0.7)), throttled_s=0.55)
    found = usage(ROOT, before, after, OwnClock(0.1, 0.0))
    assert found.throttled_s == pytest.approx(0.15)
    assert found.delay_s == pytest.approx(0.05)


def test_others_are_those_who_live_throughout_and_are_all_seen() -> None:
    before, after = (replace(snapshot({}, {}), others_cpu_s=times) for times in ({1: 5.0, 2: 7.0}, {1: 5.25, 2: 7.5}))
    own = OwnClock(0.0, 0.0)
    assert usage(ROOT, before, after, own).others_s == pytest.approx(0.75)
    came = replace(after, others_cpu_s={1: 5.25, 2: 7.5, 3: 1.0})
    assert usage(ROOT, before, came, own).others_s == pytest.approx(0.75), "one has come: nobody knows since when"
    assert usage(ROOT, before, replace(after, others_cpu_s={1: 5.25}), own).others_s is None, "one has ended"
    assert usage(ROOT, before, replace(after, others_cpu_s=None), own).others_s is None


def test_a_thread_that_a_pause_woke_did_no_work() -> None:
    """SIGCONT wakes all threads of a process, for some microseconds each."""
    before = snapshot({}, {}, t1=(1.0, 0.0), t2=(1.0, 0.0))
    after = snapshot({}, {}, t1=(1.1, 0.0), t2=(1.00003, 0.0))
    assert [thread.tid for thread in usage(ROOT, before, after, OwnClock(0.1, 0.0)).threads] == [1]


def test_threads_that_may_have_ended_are_those_that_are_gone_and_those_that_anybody_started() -> None:
    before = snapshot({}, {}, t1=(1.0, 0.0), t2=(0.0, 0.0))
    after = snapshot({}, {}, t1=(1.5, 0.0), t3=(0.1, 0.0))
    assert threads_unseen(before, before, 0) == 0
    assert threads_unseen(before, before, 2) == 2, "ours or a neighbour's: nobody knows"
    assert threads_unseen(before, after, 1) == 1, "t2 is gone, and t3 is what was started"
    assert threads_unseen(before, after, 0) == 1, "t3 was started before the machine was looked at"
    assert threads_unseen(before, after, None) is None


def test_a_process_of_somebody_elses_is_no_thread_of_ours() -> None:
    before = replace(snapshot({}, {}, t1=(1.0, 0.0)), others_cpu_s={7: 3.0})
    assert threads_unseen(before, replace(before, others_cpu_s={7: 3.0, 8: 0.1}), 2) == 1
    assert threads_unseen(before, replace(before, others_cpu_s=None), 2) == 2
