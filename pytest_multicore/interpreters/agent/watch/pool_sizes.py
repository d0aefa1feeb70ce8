"""The sizes of the pools while a region runs, asked every few milliseconds.

OpenBLAS, BLIS and NumExpr have one size for all threads: the sampler's thread asks. OpenMP, MKL, torch and Numba have
one for each thread: the main thread, which runs the region, asks between two of its steps (Py_AddPendingCall).
"""

import ctypes


class PoolSizes(object):
    """Counts how often each pool had each size."""

    def __init__(self, pools):
        self._per_thread_apis = pools.PER_THREAD_APIS
        self._pools, self._counts_of = [], {}
        self._waiting = self._active = False
        # Kept for as long as the process lives: the interpreter may call it late.
        self._ask = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(self._from_main_thread)

    def forget(self):
        """Drop the counts so far."""
        self._counts_of = {}

    def watch(self, pools):
        """Set the pools to ask, a list of pools.Pool."""
        self._pools = pools

    def stop(self):
        """The region is over: later answers do not count."""
        self._active = False

    def look(self):
        """Ask the pools with one size for all threads, and have the main thread ask the others."""
        self._active = True
        for pool in self._pools:
            if pool.api not in self._per_thread_apis:
                self._count(pool)
        if not self._waiting and any(pool.api in self._per_thread_apis for pool in self._pools):
            self._waiting = True
            try:
                ctypes.pythonapi.Py_AddPendingCall(self._ask, None)
            except AttributeError:  # not CPython
                return

    def report(self):
        """An entry for each pool, see observe.py."""
        return [self._entry(pool) for pool in self._pools if self._counts_of.get((pool.api, pool.path))]

    def _entry(self, pool):
        counts = self._counts_of[pool.api, pool.path]
        usual = max(sorted(counts), key=lambda threads: counts[threads])
        return dict(pool.entry(), threads=usual, least=min(counts), most=max(counts))

    def _from_main_thread(self, _):
        self._waiting = False
        for pool in self._pools if self._active else ():
            if pool.api in self._per_thread_apis:
                self._count(pool)
        return 0

    def _count(self, pool):
        counts = self._counts_of.setdefault((pool.api, pool.path), {})
        threads = pool.threads()
        counts[threads] = counts.get(threads, 0) + 1
