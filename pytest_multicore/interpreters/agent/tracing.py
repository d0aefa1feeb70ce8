"""Times each line of the main thread exactly, where samples cannot: code that holds the interpreter's lock throughout.

From 3.11 on Python lets a sampler in only at calls, jumps and a function's start. A product of arrays of objects, which
holds the lock, is over by then, and its time would count for who called. Tracing costs microseconds a line: it is
for regions of few and long ones.
"""

import sys


class LineTracer(object):
    """A trace function for the thread that starts it."""

    def __init__(self, wall, line_of):
        self._wall, self._line_of = wall, line_of
        self._line, self._since_s = None, 0.0
        self._traces = False

    def start(self):
        """Trace from now on, unless somebody else does, as coverage."""
        self._traces = sys.gettrace() is None
        if self._traces:
            sys.settrace(self._trace)

    def stop(self):
        """Trace no more."""
        if self._traces:
            sys.settrace(None)
            self._go_to(None)
            self._traces = False

    def _trace(self, frame, event, _):
        self._go_to(frame.f_back if event == "return" else frame)
        return self._trace

    def _go_to(self, frame):
        """End the time of the line that ran until now, and begin that of the one a frame stands on."""
        now_s = self._wall()
        if self._line is not None:
            self._line.count(now_s - self._since_s, None)
        self._line = self._line_of(frame)
        self._since_s = self._wall()
