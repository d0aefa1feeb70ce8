"""Whether this process stands still while it waits for its parent's word.

A BLAS's threads spin for 0.1 s after what they did, be it as little as what NumPy tries when it is imported: a first
call soon after that would be told to keep a second core busy.
"""

import time

#: Cores busy by threads other than the one that waits.
AT_REST = 0.1
#: A thread that spins may be without a core for a moment, where others use the machine.
LOOK_S, MOST_LOOKS = 0.01, 50


class Rest(object):
    """A look at this process; a second one tells what it did in between."""

    def __init__(self, clocks):
        self._clocks = clocks
        self._look()

    def wait(self):
        """Wait until the other threads are at rest, or do not come to rest."""
        if self._wall_s() < LOOK_S:
            time.sleep(LOOK_S)
        for _ in range(MOST_LOOKS):
            if self._busy() < AT_REST:
                return
            self._look()
            time.sleep(LOOK_S)

    def _look(self):
        self._cpu_s, self._since_s = self._others_cpu(), self._clocks.wall()

    def _wall_s(self):
        return self._clocks.wall() - self._since_s

    def _busy(self):
        return (self._others_cpu() - self._cpu_s) / max(self._wall_s(), 1e-9)

    def _others_cpu(self):
        return self._clocks.process_cpu() - (self._clocks.thread_cpu() or 0.0)
