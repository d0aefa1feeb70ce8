"""How large the pools are while a region runs: asked every few milliseconds, each from where it tells the truth.

OpenBLAS, BLIS and NumExpr have one number for all threads: the sampler's thread asks. OpenMP, MKL, torch and Numba have
one for each thread: the main thread, which runs the region, asks between two steps of its own (Py_AddPendingCall).
"""

import ctypes


class PoolSizes(object):
    """How often each pool was found to have each size."""

    def __init__(self, pools):
        self._own_to_a_thread = pools.OWN_TO_A_THREAD
        self._pools, self._found = [], {}
        self._waiting = self._counts = False
        # Held for as long as the process lives: the interpreter may call it late.
        self._ask = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(self._from_main_thread)

    def forget(self):
        """Drop what was seen so far."""
        self._found = {}

    def watch(self, pools):
        """The pools to ask, a list of pools.Pool."""
        self._pools = pools

    def stop(self):
        """The region is over: an answer that comes now counts for nothing."""
        self._counts = False

    def look(self):
        """Ask those that tell it to any thread, and have the main thread ask the others."""
        self._counts = True
        for pool in self._pools:
            if pool.api not in self._own_to_a_thread:
                self._count(pool)
        if not self._waiting and any(pool.api in self._own_to_a_thread for pool in self._pools):
            self._waiting = True
            try:
                ctypes.pythonapi.Py_AddPendingCall(self._ask, None)
            except AttributeError:  # not CPython
                return

    def report(self):
        """An entry for each pool, see observing.py."""
        return [self._entry(pool) for pool in self._pools if self._found.get((pool.api, pool.path))]

    def _entry(self, pool):
        found = self._found[pool.api, pool.path]
        usual = max(sorted(found), key=lambda threads: found[threads])
        return dict(pool.entry(), threads=usual, least=min(found), most=max(found))

    def _from_main_thread(self, _):
        self._waiting = False
        for pool in self._pools if self._counts else ():
            if pool.api in self._own_to_a_thread:
                self._count(pool)
        return 0

    def _count(self, pool):
        found = self._found.setdefault((pool.api, pool.path), {})
        threads = pool.threads()
        found[threads] = found.get(threads, 0) + 1
