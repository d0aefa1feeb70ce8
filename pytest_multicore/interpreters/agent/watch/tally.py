"""Counts and sums that several threads add to at once, without a lock: a forked child could find it taken for ever.

`x += 1` reads and then writes: what another thread adds in between is lost.
"""

import itertools
import threading

get_ident = getattr(threading, "get_ident", None) or threading._get_ident  # 2.7


class Count(object):
    """A whole number that grows by one: each number is drawn once, by one step of the interpreter."""

    def __init__(self):
        self._numbers, self._readings = itertools.count(), 0

    def add(self):
        """Count one more."""
        next(self._numbers)

    def value(self):
        """The count; for one thread to ask."""
        self._readings += 1
        return next(self._numbers) + 1 - self._readings


class Sum(object):
    """A number of seconds: each thread adds to its own."""

    def __init__(self):
        self._parts = {}

    def add(self, seconds):
        """Add to this thread's part."""
        thread = get_ident()
        self._parts[thread] = self._parts.get(thread, 0.0) + seconds

    def value(self):
        """The sum of all threads."""
        return sum(list(self._parts.values()))
