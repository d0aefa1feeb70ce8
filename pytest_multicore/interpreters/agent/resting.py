"""Whether this process stands still while it waits for its parent's word.

A BLAS's threads spin for 0.1 s after what they did, be it as little as what NumPy tries when it is imported: a first
call soon after that would be told to keep a second core busy.
"""

import time

#: Cores busy: our own thread answers and reads meanwhile, for a good part of a very short wait.
BUSY, AT_REST = 0.9, 0.1
LOOK_S, MOST_LOOKS = 0.01, 50


class Rest(object):
    """A look at this process; a second one tells what it did in between."""

    def __init__(self, clocks):
        self._clocks = clocks
        self._look()

    def wait(self):
        """Wait until what was busy since the last look is at rest, or does not come to rest."""
        if self._busy() < BUSY:
            return
        for _ in range(MOST_LOOKS):
            self._look()
            time.sleep(LOOK_S)
            if self._busy() < AT_REST:
                return

    def _look(self):
        self._cpu_s, self._wall_s = self._clocks.process_cpu(), self._clocks.wall()

    def _busy(self):
        return (self._clocks.process_cpu() - self._cpu_s) / max(self._clocks.wall() - self._wall_s, 1e-9)
