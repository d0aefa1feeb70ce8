"""Wait until this process's other threads are idle.

A BLAS's threads spin for 0.1 s after their work, even after the little that NumPy does when it is imported: a first
call soon after that would seem to keep a second core busy.
"""

#: Cores that the other threads keep busy: with fewer they are idle.
MAX_IDLE_CORES = 0.1
#: Each look is long enough for a spinning thread to get a core, where other processes use the machine.
LOOK_S, MAX_LOOKS = 0.01, 50


class IdleWait(object):
    """CPU time of the other threads since this object was made, or last restarted."""

    def __init__(self, clocks):
        self._clocks = clocks
        self._restart()

    def wait(self):
        """Wait until the other threads are idle, or MAX_LOOKS looks have found them busy."""
        if self._wall_s() < LOOK_S:
            self._clocks.sleep(LOOK_S)
        for _ in range(MAX_LOOKS):
            if self._busy_cores() < MAX_IDLE_CORES:
                return
            self._restart()
            self._clocks.sleep(LOOK_S)

    def _restart(self):
        self._cpu_s, self._since_s = self._others_cpu(), self._clocks.wall()

    def _wall_s(self):
        return self._clocks.wall() - self._since_s

    def _busy_cores(self):
        return (self._others_cpu() - self._cpu_s) / max(self._wall_s(), 1e-9)

    def _others_cpu(self):
        return self._clocks.process_cpu() - (self._clocks.thread_cpu() or 0.0)
