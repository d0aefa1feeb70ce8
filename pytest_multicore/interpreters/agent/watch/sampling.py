"""Looks every few milliseconds at where each Python thread stands, while a measured region runs.

{"lines": [{"file", "line", "function", "source", "thread",       digits of a thread's name as #: pools number them
            "samples", "share",                                   of the time looked at
            "cpu_s",                                              what its thread used then | null, not told
            "operation", "function_called", "subscripts", "operands",      see operations.py; nulls and []
            "called_from": {"file", "line", "function", "source"} | null}],
                                     the user's line, where this one is the standard library's or a package's
"samples": times looked, "sampled_s": seconds looked at,
"late_s": seconds in which the look came later than it was due: code that does not let go of the interpreter's lock
"traced": whether the lines are those of tracing.py
"python_threads": the most Python threads that got CPU time within 50 ms; where clocks do not tell, that stood at once
                  outside of the standard library}
A moment's time counts for the threads that got CPU time then, by how much each got. Where none did, all sleep or all
wait for a core: it counts in equal parts for those that stand outside of the standard library, else for the main
thread. So the shares add up to 1, less what the agent itself took, and a thread that only waits beside others has 0.

A look waits for the interpreter's lock as any thread does, and for a core. Time counts for the line that is found at
its end: where an operation held the lock all along, that can be the next one. Where it is one that waits, as a pool's
worker for its next task, the CPU time went to what the thread did before. Where it mostly is no line at all, or the
start of a function, the rounds that follow are traced, and the lines are theirs; those of a region that is short and
runs once are traced from its beginning, where that was asked for. A traced line that waits while other threads are at
work has no share for as long as they are.
"""

import linecache
import os
import re
import sys
import threading
import time

EVERY_S = 0.002
MOST_LINES = 40
AT_WORK = 0.02  # of the time on CPU
UNTOLD = 0.5  # of the time on lines
TRIES = 3  # to find a line's operands
plain_sleep = time.sleep  # a region's own may be changed
low_level = __import__("thread" if sys.version_info[0] == 2 else "_thread")  # unseen by who lists the threads
OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WAITS = re.compile(r"\b(get|acquire|wait|recv|recv_bytes|select|poll)\(|_handle\.join\(")  # of the standard library
INSTALLED = ("site-packages", "dist-packages")
STANDARD_LIBRARY = os.path.dirname(os.path.abspath(os.__file__))


class Line(object):
    """What was seen of one line in one thread."""

    def __init__(self, place, thread, caller):
        self.place, self.thread, self.caller = place, thread, caller
        self.samples, self.seconds, self.cpu_s = 0, 0.0, None
        self.traced_s, self.rested_s = 0.0, 0.0  # rested: of the traced, without CPU time
        self.tries = 0
        path, number, _ = place
        self.waits = _is_pythons(path) and bool(WAITS.search(linecache.getline(path, number)))
        self.at_start = False  # of a function that is no lambda
        self.operation = {"operation": None, "function_called": None, "subscripts": None, "operands": []}

    def took(self, elapsed_s, cpu_s):
        """A look's time is this line's."""
        self.seconds += elapsed_s
        if cpu_s is not None:
            self.cpu_s = (self.cpu_s or 0.0) + cpu_s

    def ran(self, elapsed_s, cpu_s):
        """It was run once more, traced."""
        self.samples += 1
        self.took(0.0, cpu_s)
        self.traced_s += elapsed_s
        self.rested_s += 0.0 if cpu_s is None else max(0.0, elapsed_s - cpu_s)


class Sampler(object):
    """One thread at a time that looks, between start and stop."""

    def __init__(self, load_sibling, trace):
        self._wall = load_sibling("dialogue/clocks").wall
        self._thread_cpu = load_sibling("watch/python_threads").ThreadCpu(load_sibling("dialogue/clocks"))
        self._operations, self._operands = load_sibling("watch/operations"), load_sibling("watch/operands")
        self._sizes = load_sibling("watch/pool_sizes").PoolSizes(load_sibling("watch/pools"))
        failures = load_sibling("dialogue/failures")
        self._text, self._is_ours = failures.text, failures.is_ours
        self._tracer = load_sibling("watch/tracing").LineTracer(load_sibling("dialogue/clocks"), self._traced_line)
        self._traced, self._running = trace, False
        self._ended = None
        self.forget()

    def forget(self):
        """Drop what was seen so far."""
        self._lines = {}
        self._last_at_work = {}  # line by thread
        self._samples, self._sampled_s, self._late_s = 0, 0.0, 0.0
        self._thread_cpu.most = 0
        self._sizes.forget()

    def start(self, pools=None):
        """Look from now on.

        Args:
            pools: those to ask for their sizes; None: the same as last time.
        """
        if pools is not None:
            self._sizes.watch(pools)
            self._trace_if_untold()
        self._running, self._ended = True, low_level.allocate_lock()
        self._ended.acquire()
        low_level.start_new_thread(self._look_on, (self._ended,))
        if self._traced:
            self._tracer.start()

    def stop(self):
        """Look no more; returns when the thread is about to end."""
        if self._running:
            self._running = False
            if self._traced:
                self._tracer.stop()
            self._ended.acquire()
            self._sizes.stop()

    def pools(self):
        """Sizes of the pools within regions."""
        return self._sizes.report()

    def report(self):
        """The object of this file's docstring."""
        seconds = self._seconds()
        lines = sorted(seconds, key=lambda line: (-seconds[line], -line.samples))
        whole_s = (sum(seconds.values()) if self._traced else self._sampled_s) or 1.0
        return {
            "lines": [self._told(line, seconds[line] / whole_s) for line in lines[:MOST_LINES]],
            "samples": self._samples,
            "sampled_s": self._sampled_s,
            "late_s": self._late_s,
            "traced": self._traced,
            "python_threads": self._thread_cpu.most,
        }

    def _seconds(self):
        """By line. A traced one that waited while other threads were at work took nobody's time meanwhile.

        Looks can be fewer than they should, for they wait for the lock: what they tell of other threads stands for all
        of the traced time.
        """
        lines = self._lines.values()
        traced_s, rested_s = sum(line.traced_s for line in lines), sum(line.rested_s for line in lines)
        whole = traced_s / self._sampled_s if traced_s and self._sampled_s else 1.0
        others_s = whole * sum(line.seconds for line in lines)
        overlap = min(1.0, others_s / rested_s) if rested_s else 0.0
        return dict((line, whole * line.seconds + line.traced_s - overlap * line.rested_s) for line in lines)

    def _look_on(self, ended):
        own = low_level.get_ident()
        last_s = self._wall()
        self._thread_cpu.begin(last_s)
        try:
            while self._running:
                plain_sleep(EVERY_S)
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
        self._late_s += max(0.0, elapsed_s - 2 * EVERY_S)
        names = dict((ident, thread.name) for ident, thread in list(getattr(threading, "_active", {}).items()))
        frames = dict((ident, self._not_ours(frame)) for ident, frame in sys._current_frames().items() if ident != own)
        ran = dict((ident, cpu_s[ident]) for ident in frames if cpu_s.get(ident, 0.0) > AT_WORK * elapsed_s)
        at_work = ran or self._standing_at_work(frames, told=bool(cpu_s))
        at_work = at_work or dict((one, 1.0) for one in frames if names.get(one) == "MainThread")
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

    def _standing_at_work(self, frames, told):
        """Those of the threads that stand outside of the standard library: none got CPU time, or it is not told."""
        outside = [one for one in frames if frames[one] and not _is_pythons(frames[one].f_code.co_filename)]
        if not told:
            self._thread_cpu.most = max(len(outside), self._thread_cpu.most)
        return dict((one, 1.0) for one in outside)

    def _trace_if_untold(self):
        told_s = sum(line.seconds for line in self._lines.values() if not line.at_start)
        if not self._traced and self._sampled_s and told_s < UNTOLD * self._sampled_s:
            self._traced = True
            self.forget()

    def _traced_line(self, frame):
        """A function of ours that stands in for another, as time.sleep, counts for the line that called it."""
        inner = self._not_ours(frame)
        in_region = inner is not None and (inner is frame or inner.f_trace is not None)
        return self._line(inner, "MainThread") if in_region else None

    def _line(self, frame, thread):
        caller = _users(frame)
        key = (_place(frame), thread, caller and _place(caller))
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line(*key)
            line.at_start = frame.f_lineno == frame.f_code.co_firstlineno and frame.f_code.co_name[:1] != "<"
        if line.tries < TRIES and not line.operation["operands"]:
            line.tries += 1
            frames = [one for one in (frame, caller) if one is not None and not _is_pythons(one.f_code.co_filename)]
            found = [self._operations.at(one, self._operands, self._text) for one in frames]
            found = sorted((one for one in found if one), key=lambda one: not one["operands"])
            line.operation = (found or [line.operation])[0]
        return line

    def _told(self, line, share):
        found = self._located(line.place)
        found.update(line.operation)
        found.update(
            thread=self._text(line.thread),
            samples=line.samples,
            cpu_s=line.cpu_s,
            share=share,
            called_from=None if line.caller is None else self._located(line.caller),
        )
        return found

    def _not_ours(self, frame):
        """The innermost frame that is none of this agent's."""
        while frame is not None and self._is_ours(frame.f_code.co_filename):
            frame = frame.f_back
        return frame

    def _located(self, place):
        path, number, function = place
        source = self._text(linecache.getline(path, number).strip())
        return {"file": self._text(path), "line": number, "function": self._text(function), "source": source}


def _place(frame):
    return frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name


def _users(frame):
    """The innermost frame of the user's own code; None where that is the one given, or there is none."""
    inner = frame
    while frame is not None and not _is_users(frame.f_code.co_filename):
        frame = frame.f_back
    return None if frame is inner else frame


def _is_users(path):
    own = path.startswith(("<", OWN_FOLDER + os.sep)) or _is_pythons(path)
    return not own and not any(part in path for part in INSTALLED)


def _is_pythons(path):
    return path.startswith(STANDARD_LIBRARY + os.sep) and not any(part in path for part in INSTALLED)
