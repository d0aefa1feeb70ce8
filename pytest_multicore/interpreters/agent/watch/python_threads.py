"""CPU time of each Python thread, by its own clock, and how many run at a time (Python 3.8 or later, Linux)."""

import sys
import threading

WINDOW_S = 0.05
MIN_CPU_S = 0.001  # within a window


class ThreadCpu(object):
    """Reads the clocks at each look.

    Attributes:
        max_threads: the most threads that got CPU time within WINDOW_S, where there are such clocks.
    """

    def __init__(self, clocks):
        self._gettime = clocks.gettime
        self.max_threads = 0
        self._known = {}  # CPU seconds by native number, of all threads ever read
        self.begin(0.0)

    def begin(self, now_s):
        """Begin the looks."""
        self._known.update(self._read().values())
        self._window, self._since_s, self._looked_s = {}, now_s, now_s

    def look(self, now_s):
        """CPU seconds since the last look by thread identifier, for threads with a clock.

        They are at most the time since the last look, also for a thread that had no frame then, like a library's own
        thread between its calls of Python.
        """
        gained, elapsed_s, self._looked_s = {}, now_s - self._looked_s, now_s
        for ident, (native, cpu_s) in self._read().items():
            before_s = self._known.get(native, 0.0)
            gained[ident] = min(cpu_s - before_s if cpu_s >= before_s else cpu_s, elapsed_s)
            self._known[native] = cpu_s
            self._window[native] = self._window.get(native, 0.0) + gained[ident]
        if now_s - self._since_s >= WINDOW_S:
            self.end(now_s)
        return gained

    def end(self, now_s):
        """End a window."""
        if self._window:
            count = sum(1 for cpu_s in self._window.values() if cpu_s > MIN_CPU_S)
            self.max_threads = max(count, self.max_threads)
        self._window, self._since_s = {}, now_s

    def natives(self):
        """The system's numbers of all Python threads ever read."""
        return sorted(self._known)

    def _read(self):
        """Native number and CPU seconds by identifier, of the threads that run Python code now."""
        # Only the identifiers: frames that this function kept would live on with all that they hold.
        running, readings = set(sys._current_frames()), {}
        for ident, thread in dict(getattr(threading, "_active", {})).items():
            native = getattr(thread, "native_id", None)
            if native is None or ident not in running:
                continue
            try:
                readings[ident] = native, self._gettime((~native << 3) | 6)  # see clocks.process_cpu
            except (OSError, TypeError):  # it has ended, or there are no such clocks
                continue
        return readings
