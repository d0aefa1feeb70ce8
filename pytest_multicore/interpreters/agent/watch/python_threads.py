"""CPU time of each Python thread, by its own clock, and how many get some at once (Python 3.8 or later, Linux)."""

import sys
import threading

WINDOW_S = 0.05
RAN_S = 0.001  # within a window


class ThreadCpu(object):
    """Reads the clocks at each look.

    Attributes:
        most: the most threads that got CPU time within WINDOW_S, where clocks tell.
    """

    def __init__(self, clocks):
        self._gettime = clocks.gettime
        self.most = 0
        self._known = {}  # CPU seconds by native number, of all threads ever read
        self.begin(0.0)

    def begin(self, now_s):
        """Start to look."""
        self._known.update(self._read().values())
        self._window, self._since_s, self._looked_s = {}, now_s, now_s

    def look(self, now_s):
        """CPU seconds since the last look by a thread's identifier, for those that tell.

        One that had no frame at the last look, as a library's own between its calls of Python, got none of it longer
        ago than that.
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
            count = sum(1 for cpu_s in self._window.values() if cpu_s > RAN_S)
            self.most = max(count, self.most)
        self._window, self._since_s = {}, now_s

    def _read(self):
        """Native number and CPU seconds by identifier, of the threads that run Python code now."""
        # The numbers alone: frames that this function keeps, its own among them, would live on with all that they hold.
        running, found = set(sys._current_frames()), {}
        for ident, thread in list(getattr(threading, "_active", {}).items()):
            native = getattr(thread, "native_id", None)
            if native is None or ident not in running:
                continue
            try:
                found[ident] = native, self._gettime((~native << 3) | 6)  # see clocks.process_cpu
            except (OSError, TypeError):  # it has ended, or there are no such clocks
                continue
        return found
