"""The observation of a process from within: `observed` of the facts, see watch.py.

{"imports": [{"module", "step", "what", "path", "before", "after"}],      see start_changes.py
"pools": {"start": [...], "opened": [...], "region": [...], "after": [...]},      see pools.py; at the `watch` message,
                                    before the first round, within rounds (with "least" and "most"; "threads" is then
                                    the commonest size), and now
"lines", "samples", "python_threads", "python_ids", "late_s", "sampled_s": see sampler.py
"forks": [{"how": "fork", "after_pool": whether threads other than Python's had run by then | null, "in_region": bool,
           "count"}],
"warnings": see program_warnings.py; of all of the program, the tests' set-up among it
"inherited_affinity": [0, 1] | null      the CPUs that a child started at the end of the last round would get
"steps": {"count", "line": {"file", "line", "function", "source"}} | null      how often the main thread's hottest line
                                    ran in the round that counted it, where that was asked for
"slept_s": seconds that all threads together spent in time.sleep within rounds,
"setters": what set a variable, the affinity or a pool, and from which line: see setter_calls.py}

It is of the rounds; where there were none, of a test's first call.
"""

import os
import sys
import threading
import time

plain_sleep = time.sleep  # bound before change/change.py replaces it
#: Seconds between looks for a pool. A thread that Python has ended still exists for a while, longer on a busy machine.
PAUSES_S = (0.001,) * 5 + (0.01,) * 5


class Observer(object):
    """Observes from the moment it is made."""

    def __init__(self, load_sibling, changes, trace):
        self._process, self._clocks = load_sibling("dialogue/process"), load_sibling("dialogue/clocks")
        self._text = load_sibling("dialogue/failures").text
        self._pools, self._libraries = load_sibling("watch/pools"), load_sibling("dialogue/libraries")
        self._changes = changes
        changes.fine = True
        self._sampler = load_sibling("watch/sampler").Sampler(load_sibling, trace)
        self._start = self._pool_entries(self._pools.early_pools(self._libraries, self._text))
        self._opened = []
        self._inherited = self._process.affinity()
        self._open_regions = []  # for each, whether a region inside it interrupted it
        self._any_round = False
        self._tally = load_sibling("watch/tally")
        self._slept = self._tally.Sum()
        self._counter = self._counted = None
        self._load_counter = lambda place: load_sibling("watch/step_counter").StepCounter(place)
        self._pool_ran = None
        self._forks = {}  # counts by whether a pool had run, and whether a region ran
        self._warnings = load_sibling("watch/program_warnings").ProgramWarnings(self._text)
        self._setter_calls = load_sibling("watch/setter_calls").SetterCalls(load_sibling, changes, self._in_region)
        self._in_fork = False
        self._wrap_sleep()
        self._wrap_fork()

    def enter(self, is_round):
        """A measured region begins. One inside another interrupts it: the observation of the outer is dropped."""
        interrupts = bool(self._open_regions) and not self._open_regions[-1]
        if interrupts:
            self._open_regions[-1] = True
            self._sampler.end()
        if interrupts or (is_round and not self._any_round):
            self._sampler.forget()
            self._slept = self._tally.Sum()
        pools = self._pools.all_pools(self._libraries, self._text)
        if not self._any_round:
            self._opened = self._pool_entries(pools)
        self._any_round = self._any_round or is_round
        self._changes.look()
        self._look_for_pool()
        self._open_regions.append(False)
        if self._counter is None or not is_round:
            self._sampler.begin(pools)
        else:
            self._counter.start()

    def leave(self):
        """The innermost measured region ends."""
        interrupted = self._open_regions.pop()
        if self._counter is not None and self._counter.started:
            self._counter.stop()
            self._counted, self._counter = dict(self._counted, count=self._counter.count), None
        elif not interrupted:
            self._sampler.end()
            self._inherited = self._process.affinity()
        self._changes.look()

    def count_steps(self):
        """Have the next round count the runs of the line that was the hottest so far, in place of samples."""
        place = self._sampler.hottest_place()
        if place is not None and not self._open_regions:
            self._counted = {"count": 0, "line": self._sampler.located(place)}
            self._counter = self._load_counter(place)

    def report(self):
        """The object of this file's docstring."""
        pools = {
            "start": self._start,
            "opened": self._opened,
            "region": self._sampler.pools(),
            "after": self._pool_entries(self._pools.all_pools(self._libraries, self._text)),
        }
        return dict(
            self._sampler.report(),
            imports=self._changes.entries,
            pools=pools,
            forks=self._fork_entries(),
            warnings=self._warnings.report(),
            inherited_affinity=self._inherited,
            steps=None if self._counter else self._counted,
            slept_s=self._slept.value(),
            setters=self._setter_calls.report(),
        )

    def _fork_entries(self):
        counts = [(key, count.value()) for key, count in dict(self._forks).items()]
        return [
            {"how": "fork", "after_pool": after_pool, "in_region": in_region, "count": count}
            for (after_pool, in_region), count in counts
            if count  # a thread may have come as far as to begin it
        ]

    def _pool_entries(self, pools):
        return [pool.entry() for pool in pools]

    def _in_region(self):
        return self._open_regions[-1:] == [False]  # one step: the program's threads ask while the region ends

    def _wrap_sleep(self):
        plain_sleep, wall = time.sleep, self._clocks.wall

        def sleep(seconds):
            start_s = wall()
            try:
                plain_sleep(seconds)
            finally:
                took_s = wall() - start_s
                if self._in_region():
                    self._slept.add(took_s)

        time.sleep = sleep

    def _wrap_fork(self):
        has_hooks = hasattr(os, "register_at_fork")
        if has_hooks:
            hooks = {"after_in_parent": self._after_fork, "after_in_child": self._sampler.leave_to_parent}
            os.register_at_fork(before=self._before_fork, **hooks)
        if has_hooks and sys.version_info < (3, 13):
            return
        for name in ("fork", "forkpty"):
            if hasattr(os, name):
                setattr(os, name, self._around_fork(getattr(os, name), has_hooks))

    def _around_fork(self, plain_fork, has_hooks):
        def fork():
            if not has_hooks:
                self._before_fork()
            self._in_fork = True  # from 3.13 on Python counts the threads after the hooks, and warns
            in_parent = True  # also where the system refuses
            try:
                result = plain_fork()
                in_parent = bool(result if isinstance(result, int) else result[0])
                return result
            finally:
                self._in_fork = False
                if in_parent:
                    self._after_fork()
                elif not has_hooks:
                    self._sampler.leave_to_parent()

        return fork

    def _look_for_pool(self):
        """A pool that once ran counts: OpenBLAS ends its threads for a fork, and starts them at its next call."""
        self._pool_ran = self._pool_ran or _threads_of_others()

    def _before_fork(self):
        """Note the fork, with the sampler's thread stopped: Python warns of a fork with other threads."""
        self._sampler.stop()
        self._look_for_pool()
        self._forks.setdefault((self._pool_ran, self._in_region()), self._tally.Count()).add()

    def _after_fork(self):
        counts = self._counter is not None and self._counter.started  # such a round is not looked at
        if self._in_region() and not self._in_fork and not counts:
            self._sampler.start()
            if not self._in_region():  # it has ended meanwhile, where another thread than its own forks
                self._sampler.stop()


def _threads_of_others():
    """Whether there are threads that Python does not know, like a pool's; None where the system does not say.

    One that Python starts or ends is without a frame for a while: at each look some that was there at all looks before
    must be of others.
    """
    lasting = None
    try:
        for pause_s in PAUSES_S:
            tasks = set(os.listdir("/proc/self/task"))
            lasting = tasks if lasting is None else lasting & tasks
            if len(lasting) <= len(sys._current_frames()) + len(getattr(threading, "_limbo", ())):
                return False
            plain_sleep(pause_s)
    except OSError:
        return None
    return True
