"""How long the Python threads that begin and end within a region may have waited for a core, at most.

A thread takes along how long it waited in a run queue. To read that as it ends, in /proc/thread-self/schedstat, took
45 us, as much as all else of a short thread. Its clocks take 2 us, and bound it: in the time since it was started in
which it did not compute, it waited or slept. Threads that native code starts do not come by here.
"""

import functools
import sys

PYTHON_2 = sys.version_info[0] == 2
METHOD = "_Thread__bootstrap" if PYTHON_2 else "_bootstrap"
#: Threads of a region that are noted; of what more there are nothing is known.
MAX_NOTES = 100000


class EndedThreads(object):
    """Measures regions, and follows the threads that they start."""

    def __init__(self, clocks):
        self._clocks = clocks
        self._notes = None  # (CPU seconds, seconds of waiting at most) of each thread; None outside of a region

    def measure(self, region, repeat):
        """As clocks.measure, with ended_cpu_s and ended_wait_s: sums of the threads that began and ended meanwhile."""
        notes = self._notes = []  # a call that waits in pytest-benchmark's fixture has regions within it
        self._follow()
        figures = self._clocks.measure(region, repeat)
        self._notes = None
        return dict(figures, ended_cpu_s=sum(note[0] for note in notes), ended_wait_s=sum(note[1] for note in notes))

    def _follow(self):
        """Have Thread.start pass on a function that notes the end, by a property: no traceback has a frame more."""
        of_threads = getattr(sys.modules.get("threading"), "Thread", None)  # without that module there are none
        run = getattr(of_threads, METHOD, None)
        if run is not None and not isinstance(run, property):
            setattr(of_threads, METHOD, property(functools.partial(self._started, run)))

    def _started(self, run, thread):
        """What a thread that is started now runs."""
        notes = self._notes
        if notes is None or self._clocks.thread_cpu() is None:
            return functools.partial(run, thread)
        return functools.partial(self._run_and_note, notes, self._clocks.wall(), run, thread)

    def _run_and_note(self, notes, started_s, run, thread):
        note = functools.partial(self._note, notes, started_s, self._clocks.thread_cpu())
        if PYTHON_2:
            _precede_stop(thread, note)
            run(thread)
            return
        try:
            run(thread)
        finally:
            note()

    def _note(self, notes, started_s, cpu_s):
        if notes is self._notes and len(notes) < MAX_NOTES:
            cpu_s = self._clocks.thread_cpu() - cpu_s
            notes.append((cpu_s, max(0.0, self._clocks.wall() - started_s - cpu_s)))


def _precede_stop(thread, note):
    """Python 2.7, where join returns before all that a thread runs has ended: call `note` before it may return."""

    def stop():
        del thread._Thread__stop  # the class's own is left, and no cycle
        try:
            note()
        finally:
            thread._Thread__stop()

    thread._Thread__stop = stop
