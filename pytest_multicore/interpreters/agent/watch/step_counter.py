"""Counts how often a line runs in one round: the line from which a framework dispatches its steps.

Python calls the trace function at each call of a Python function, and at the lines of the counted function alone: a
round so traced takes longer, and is not sampled.
"""

import sys


class StepCounter(object):
    """Counts on the thread that starts it.

    Attributes:
        count: runs of the line so far.
        started: whether it has been started.
    """

    started = False

    def __init__(self, place):
        self._path, self._number, self._function = place
        self.count = 0
        self._traces = False

    def start(self):
        """Count from now on, unless another tracer is set, like coverage's."""
        self.started = True
        self._traces = sys.gettrace() is None
        if self._traces:
            sys.settrace(self._call)

    def stop(self):
        """End the counting."""
        if self._traces:
            sys.settrace(None)
            self._traces = False

    def _call(self, frame, event, _):
        code = frame.f_code
        return self._line if code.co_name == self._function and code.co_filename == self._path else None

    def _line(self, frame, event, _):
        if event == "line" and frame.f_lineno == self._number:
            self.count += 1
        return self._line
