"""Samples the line of each Python thread every few milliseconds, while a measured region runs.

{"lines": [{"file", "line", "function", "source", "thread",       digits of a thread's name as #: pools number them
            "samples", "share",                                   of the sampled time
            "cpu_s",                                              of its thread meanwhile | null, not known
            "operation", "function_called", "subscripts", "operands", "called",      see operations.py; nulls and []
            "called_from": {"file", "line", "function", "source"} | null}],
                                     the user's line, where this one is the standard library's or a package's
"samples": number of looks, "sampled_s": seconds sampled,
"late_s": seconds by which looks came later than they were due, for code that holds the interpreter's lock
"traced": whether the lines are those of line_tracer.py
"python_threads": the most Python threads that got CPU time within 50 ms; without such clocks, the most that were
                  outside of the standard library at the same time
"python_ids": the system's numbers of the Python threads, and of the sampler's own; none before Python 3.8}
The time of a look counts for the threads that got CPU time in it, by how much each got. Where none did, all sleep or
wait for a core: the time counts in equal parts for the threads outside of the standard library, or for the main thread
where there are none. So the shares add up to 1, less what the agent itself used, and a thread that only waits while
others work has 0.

A look waits for the interpreter's lock and for a core, as any thread does. Its time counts for the line at its end: if
an operation held the lock all the time, that may be the next line. If that line waits, like a pool's worker for its
next task, the CPU time counts for the thread's previous line. If it is mostly no line at all, or the start of a
function, the following rounds are traced, and the lines are the tracer's; a short region that runs once is traced from
its beginning, where that was asked for. A traced line that waits while other threads work has no share of that time.
"""

import linecache
import re
import sys
import threading
import time

INTERVAL_S = 0.002
MAX_LINES = 40
MIN_CPU_SHARE = 0.02  # of a look's time: a thread with less CPU time does not work
MIN_LINE_SHARE = 0.5  # of the sampled time: with less of it on lines, the next rounds are traced
MAX_TRIES = 3  # to find a line's operands
plain_sleep = time.sleep  # bound before change/change.py replaces it
low_level = __import__("thread" if sys.version_info[0] == 2 else "_thread")  # its threads are not in threading's list
# As they are now: gevent replaces them by its own, which start no thread.
start_new_thread, allocate_lock, get_ident = low_level.start_new_thread, low_level.allocate_lock, low_level.get_ident
thread_error = low_level.error
get_native_id = getattr(low_level, "get_native_id", None)  # new in 3.8


class Line(object):
    """The samples of one line in one thread."""

    def __init__(self, place, thread, caller, waits):
        self.place, self.thread, self.caller, self.waits = place, thread, caller, waits
        self.samples, self.seconds, self.cpu_s = 0, 0.0, None
        self.traced_s, self.rested_s = 0.0, 0.0  # rested: the traced time without CPU time
        self.tries = 0
        self.at_start = False  # whether it is the start of a function, other than a lambda
        self.operation = {
            "operation": None,
            "function_called": None,
            "subscripts": None,
            "operands": [],
            "called": None,
        }

    def took(self, elapsed_s, cpu_s):
        """Count a look's time for this line."""
        self.seconds += elapsed_s
        if cpu_s is not None:
            self.cpu_s = (self.cpu_s or 0.0) + cpu_s

    def ran(self, elapsed_s, cpu_s):
        """Count one traced run of this line."""
        self.samples += 1
        self.took(0.0, cpu_s)
        self.traced_s += elapsed_s
        self.rested_s += 0.0 if cpu_s is None else max(0.0, elapsed_s - cpu_s)


class Sampler(object):
    """A thread that looks at the others, between begin and end."""

    def __init__(self, load_sibling, trace):
        self._wall = load_sibling("dialogue/clocks").wall
        self._thread_cpu = load_sibling("watch/python_threads").ThreadCpu(load_sibling("dialogue/clocks"))
        self._operations, self._operands = load_sibling("watch/operations"), load_sibling("watch/operands")
        self._operands.callees = load_sibling("watch/callees")
        self._frames = load_sibling("watch/frames")
        self._sizes = load_sibling("watch/pool_sizes").PoolSizes(load_sibling("watch/pools"))
        failures = load_sibling("dialogue/failures")
        self._text, self._is_ours = failures.text, failures.is_ours
        self._tracer = load_sibling("watch/line_tracer").LineTracer(
            load_sibling("dialogue/clocks"), self._traced_line, self._operands.reads_by_name
        )
        self._traced, self._running, self._forbidden, self._lets_go = trace, False, False, False
        self._ended = None
        self._own_ids = set()  # native numbers of this sampler's threads
        self.forget()

    def forget(self):
        """Drop the samples so far."""
        self._lines = {}
        self._last_at_work = {}  # line by thread
        self._samples, self._sampled_s, self._late_s = 0, 0.0, 0.0
        self._thread_cpu.max_threads = 0
        self._sizes.forget()

    def begin(self, pools):
        """A region begins: start to look, also for the sizes of these pools, and to trace where that is needed."""
        self._sizes.watch(pools)
        self._trace_if_needed()
        self._lets_go = not (self._traced or self._operands.is_traced())
        self.start()
        if self._traced:
            self._tracer.start()

    def end(self):
        """The region ends. Forks stop the looks alone: a tracer belongs to a thread, and another one may fork."""
        self._tracer.stop()
        self.stop()

    def start(self):
        """Start to look."""
        if self._forbidden:
            return
        ended = allocate_lock()
        ended.acquire()
        self._ended, self._running = ended, True  # in this order: another thread may fork, and so stop, meanwhile
        try:
            start_new_thread(self._run, (ended,))
        except (thread_error, MemoryError):  # the system gives no more threads: none must be waited for
            if self._ended is ended:
                self._running = False
            ended.release()

    def stop(self):
        """Stop; returns when the thread is about to end."""
        if self._running:
            ended, self._running = self._ended, False
            with ended:  # two threads may wait for it
                self._sizes.stop()

    def leave_to_parent(self):
        """In a forked child: look no more. The thread that looked is the parent's, and ends for nobody here."""
        self._tracer.stop()
        self._running, self._forbidden = False, True

    def pools(self):
        """The sizes of the pools within regions."""
        return self._sizes.report()

    def report(self):
        """The object of this file's docstring."""
        seconds = self._seconds()
        lines = sorted(seconds, key=lambda line: (-seconds[line], -line.samples))
        whole_s = (sum(seconds.values()) if self._traced else self._sampled_s) or 1.0
        return {
            "lines": [self._entry(line, seconds[line] / whole_s) for line in lines[:MAX_LINES]],
            "samples": self._samples,
            "sampled_s": self._sampled_s,
            "late_s": self._late_s,
            "traced": self._traced,
            "python_threads": self._thread_cpu.max_threads,
            "python_ids": sorted(set(self._thread_cpu.natives()) | self._own_ids) if self._own_ids else [],
        }

    def hottest_place(self):
        """Path, line and function of the main thread's hottest line; None before any."""
        seconds = self._seconds()
        lines = [line for line in seconds if line.thread == "MainThread" and not line.waits]
        return max(lines, key=lambda line: seconds[line]).place if lines else None

    def _seconds(self):
        """Seconds by line. The time that a traced line waited while other threads worked does not count.

        There may be few looks, because they wait for the lock: those at other threads stand for all of the traced time.
        """
        lines = list(self._lines.values())
        traced_s, rested_s = sum(line.traced_s for line in lines), sum(line.rested_s for line in lines)
        whole = traced_s / self._sampled_s if traced_s and self._sampled_s else 1.0
        others_s = whole * sum(line.seconds for line in lines)
        overlap = min(1.0, others_s / rested_s) if rested_s else 0.0
        return dict((line, whole * line.seconds + line.traced_s - overlap * line.rested_s) for line in lines)

    def _run(self, ended):
        own = get_ident()
        if get_native_id is not None:
            self._own_ids.add(get_native_id())
        last_s = self._wall()
        self._thread_cpu.begin(last_s)
        try:
            while self._running and self._ended is ended:
                plain_sleep(INTERVAL_S)
                now_s = self._wall()
                if self._running:
                    self._look(own, now_s - last_s, self._thread_cpu.look(now_s))
                last_s = now_s
            self._thread_cpu.end(last_s)
        finally:
            ended.release()

    def _look(self, own, elapsed_s, cpu_s):
        self._samples += 1
        self._sampled_s += elapsed_s
        self._late_s += max(0.0, elapsed_s - 2 * INTERVAL_S)
        names = dict((ident, thread.name) for ident, thread in dict(getattr(threading, "_active", {})).items())
        frames = dict((ident, self._not_ours(frame)) for ident, frame in sys._current_frames().items() if ident != own)
        ran = dict((ident, cpu_s[ident]) for ident in frames if cpu_s.get(ident, 0.0) > MIN_CPU_SHARE * elapsed_s)
        at_work = ran or self._outside_standard_library(frames, has_clocks=bool(cpu_s))
        at_work = at_work or dict((ident, 1.0) for ident in frames if names.get(ident) == "MainThread")
        each_s = elapsed_s / (sum(at_work.values()) or 1.0)
        for ident, frame in frames.items():
            if frame is not None and not (self._traced and names.get(ident) == "MainThread"):
                line = self._line(frame, re.sub(r"\d+", "#", names.get(ident, "?")))
                line.samples += 1
                if not line.waits:
                    self._last_at_work[ident] = line
                elif ident in ran:
                    line = self._last_at_work.get(ident, line)
                line.took(each_s * at_work.get(ident, 0.0), cpu_s.get(ident))
        self._sizes.look()

    def _outside_standard_library(self, frames, has_clocks):
        """The threads outside of the standard library, where none got CPU time or that is not known."""
        files = ((ident, frame.f_code.co_filename) for ident, frame in frames.items() if frame)
        outside = [ident for ident, path in files if not self._frames.is_standard_library(path)]
        if not has_clocks:
            self._thread_cpu.max_threads = max(len(outside), self._thread_cpu.max_threads)
        return dict((ident, 1.0) for ident in outside)

    def _trace_if_needed(self):
        on_lines_s = sum(line.seconds for line in list(self._lines.values()) if not line.at_start)
        if not self._traced and self._sampled_s and on_lines_s < MIN_LINE_SHARE * self._sampled_s:
            self._traced = True
            self.forget()

    def _traced_line(self, frame):
        """The line of a traced frame; of a function that replaces another, like time.sleep, that of its caller."""
        inner = self._not_ours(frame)
        in_region = inner is not None and (inner is frame or inner.f_trace is not None)
        return self._line(inner, "MainThread") if in_region else None

    def _line(self, frame, thread):
        caller, place = self._frames.user_frame(frame), self._frames.place
        key = (place(frame), thread, caller and place(caller))
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line(*key, waits=self._frames.waits(*key[0][:2]))
            line.at_start = frame.f_lineno == frame.f_code.co_firstlineno and frame.f_code.co_name[:1] != "<"
        line.operation = line.operation or self._operations.NO_OPERATION
        if line.tries < MAX_TRIES and not line.operation["operands"]:
            line.tries += 1
            users = [user for user in (frame, caller) if user]
            operations = [self._operation(user) for user in users]
            for user in users if self._lets_go else ():
                self._operands.let_go(user)
            operations = sorted(filter(None, operations), key=_how_little_is_known)
            line.operation = (operations or [line.operation])[0]
        return line

    def _operation(self, frame):
        """Of a line of the standard library only what it calls: a pool's worker calls what it was given."""
        operation = self._operations.at(frame, self._operands, self._text)
        if operation and self._frames.is_standard_library(frame.f_code.co_filename):
            return dict(self._operations.NO_OPERATION, called=operation["called"])
        return operation

    def _entry(self, line, share):
        entry = self.located(line.place)
        entry.update(line.operation)
        entry.update(
            thread=self._text(line.thread),
            samples=line.samples,
            cpu_s=line.cpu_s,
            share=share,
            called_from=None if line.caller is None else self.located(line.caller),
        )
        return entry

    def _not_ours(self, frame):
        """The innermost frame that is neither the agent's nor pytest's, which call a test for the agent."""
        while frame is not None and (
            self._is_ours(frame.f_code.co_filename) or self._frames.is_pytests(frame.f_code.co_filename)
        ):
            frame = frame.f_back
        return frame

    def located(self, place):
        """A line of the source as reports hold it."""
        path, number, function = place
        source = self._text(linecache.getline(path, number).strip())
        return {"file": self._text(path), "line": number, "function": self._text(function), "source": source}


def _how_little_is_known(operation):
    return not operation["operands"], not operation["operation"]
