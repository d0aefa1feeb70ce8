"""Times each line of the main thread, for code that holds the interpreter's lock and so cannot be sampled.

From 3.11 on a sampler's thread gets the lock only at calls, jumps and a function's start. A product of arrays of
objects, which holds the lock, is over by then, and its time would count for the caller. Tracing costs microseconds a
line: it is for regions of few and long lines, and ends where there are too many. A round of 8,000 repetitions of a
loop would take a minute.

After each event Python before 3.11 sets a frame's closure variables to what they were before it, and so undoes what
another thread has assigned meanwhile. A frame with such variables is traced only until other threads are there, and its
time from then on is no line's. Python 3.11 and 3.12 do so where a line's operands were looked up, three times at most.
Before 3.13 an event also changes the dict that `locals()` gives: a function that uses it is not traced.
"""

import sys
import threading

RESTORES_VARIABLES = sys.version_info < (3, 11)
MAX_EVENTS = 200000  # lines, calls and returns in a round: half a second to a second of tracing


class LineTracer(object):
    """A trace function for the thread that starts it."""

    def __init__(self, clocks, line_of, leaves_alone):
        self._wall, self._cpu, self._line_of = clocks.wall, clocks.thread_cpu, line_of
        self._leaves_alone = leaves_alone
        self._line, self._since_s, self._cpu_s = None, 0.0, None
        self._traces, self._events = False, 0

    def start(self):
        """Trace from now on, unless another tracer is set, like coverage's."""
        self._traces, self._events = sys.gettrace() is None, 0
        if self._traces:
            sys.settrace(self._trace)

    def stop(self):
        """End the tracing."""
        if self._traces:
            if sys.gettrace() == self._trace:  # not in a forked child whose only thread is another one
                sys.settrace(None)
            self._switch_to(None)
            self._traces = False

    def _trace(self, frame, event, _):
        self._events += 1
        if self._events > MAX_EVENTS:
            self.stop()
            return None
        self._switch_to(frame.f_back if event == "return" else frame)
        code = frame.f_code
        is_restored = RESTORES_VARIABLES and (code.co_cellvars or code.co_freevars) and _other_threads()
        if is_restored or self._leaves_alone(code):
            self._switch_to(None)
            frame.f_trace = None
            return None
        return self._trace

    def _switch_to(self, frame):
        """End the time of the line that ran until now, and begin that of a frame's present line."""
        now_s, cpu_s = self._wall(), self._cpu()
        if self._line is not None:
            self._line.ran(now_s - self._since_s, None if cpu_s is None else cpu_s - self._cpu_s)
        self._line = self._line_of(frame)
        self._since_s, self._cpu_s = self._wall(), self._cpu()


def _other_threads():
    """Whether there are threads of Python beside this one. The sampler's is not in this list."""
    return len(getattr(threading, "_active", ())) > 1
