"""A child's native stacks by py-spy: which function of which shared library its Python threads run in.

py-spy stops the child for each sample and walks the C stack, too. It tells a Python frame by its file, and leaves out
the interpreter's own functions: a stack that ends in a Python frame was in the interpreter. Threads that wait, and
threads that Python does not know, like a pool's workers, are not looked at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .sampling_profile import INSTALL_HINT, ROUND_STACK, py_spy, record

#: Seconds of each of two looks: one at the stacks, one at who holds the interpreter's lock.
LOOK_S = 1
#: Why there are no stacks where every look found all Python threads asleep, or waiting for a library's own threads.
NOBODY_AT_WORK = "py-spy saw no thread at work"
#: Fewer stacks say nothing.
MIN_SAMPLES = 10
#: As py-spy prints a frame: its function, and its Python file with the line, C file with the line, or library.
FRAME = re.compile(r"(?P<function>.*) \((?P<place>[^;]*)\)$")
PYTHON_PLACE = re.compile(r"(\.py|^<[^>]*>|^[^.:]*):\d+$")
THREAD = re.compile(r"^thread \((?P<number>[^)]*)\)(: (?P<name>.*))?$")
#: The agent's own thread, which samples lines; and its frames below every round, and between two.
AGENT_STACK = re.compile(r"(^|[;.])_run \([^;]*sampler\.py:\d+\)")
AGENT_FRAME = re.compile(r"\([^;]*runner\.py:\d+\)")
#: A Python frame that waits, which py-spy may take for work: a pool's worker without a task, a queue, a lock, a socket
#: (pytest-rerunfailures has a thread that accepts connections), another process.
IDLE_FRAME = re.compile(
    r"(^|\.)(_worker|worker|_?wait|get|join|_wait_for_tstate_lock|acquire|select|poll|result|_?recv|accept|readinto"
    r"|_try_wait|_handle_\w+) \(([^;]*[/\\])?"
    r"(threading|queue|selectors|thread|_base|connection|pool|socket|subprocess|popen_\w+)\.py:\d+\)$"
)
#: A library's function that waits for another thread: the caller of a pool, which py-spy may find about to run on.
NATIVE_WAIT = re.compile(
    r"[Ff]utex|pthread_cond_(timed|clock)?wait|sem_(timed|clock)?wait|epoll_p?wait|nanosleep"
    r"|(^|::)(Wait|WaitFor\w*|WaitUntil\w*|Await\w*|BlockUntil\w*|wait|wait_for|wait_until)$"
)
#: The interpreter's own library or program, of which py-spy leaves out most.
INTERPRETER = re.compile(r"(^|/)(libpython|python)\d[\d.]*[a-z]?(\.so[\d.]*)?$")
#: Libraries that work for their caller: copying, mathematics, memory.
SUPPORT = re.compile(
    r"^(.*/)?(libc|libm|libmvec|libpthread|ld-linux-[\w-]+|libgcc_s|libstdc\+\+|linux-vdso)(-[\d.]+)?\.so"
)
ADDRESS = re.compile(r"^0x[0-9a-f]+$")


@dataclass(frozen=True, slots=True)
class NativeFunction:
    """A function of a shared library in which stacks end.

    Attributes:
        library: as py-spy names it, "numpy/_core/_multiarray_umath...so"; with debug symbols the source file.
        outer: the library's first function on these stacks, which its caller called; empty where it has no name.
        inner: its last one, in which the time is.
        share: of all stacks.
    """

    library: str
    outer: str
    inner: str
    share: float

    @property
    def package(self) -> str:
        """The package that the library is of, or the library."""
        return self.library.partition("/")[0]


@dataclass(frozen=True, slots=True)
class NativeStacks:
    """Where the Python threads of a child at work were.

    Attributes:
        samples: number of stacks.
        interpreter_share: share of them in the interpreter.
        functions: the others' functions, the commonest first.
        threads: share of the stacks by thread name, numbers left out.
        gil_share: share of the stacks at which the thread held the interpreter's lock; None: not known.
        missing: why there are none, as a sentence; empty where there are.
    """

    samples: int
    interpreter_share: float
    functions: tuple[NativeFunction, ...]
    threads: Mapping[str, float]
    gil_share: float | None = None
    missing: str = ""

    def libraries(self, package: str) -> list[str]:
        """The libraries of a package, that with the most stacks first."""
        shares: dict[str, float] = {}
        for function in self.functions:
            if function.package == package:
                shares[function.library] = shares.get(function.library, 0.0) + function.share
        return sorted(shares, key=lambda library: -shares[library])

    @property
    def packages(self) -> list[tuple[str, float]]:
        """Shares of the stacks by package, or by library for those outside of packages, the largest first."""
        shares: dict[str, float] = {}
        for function in self.functions:
            shares[function.package] = shares.get(function.package, 0.0) + function.share
        return sorted(shares.items(), key=lambda entry: -entry[1])


NO_STACKS = NativeStacks(0, 0.0, (), {})


def native_stacks(pid: int, work: Callable[[], None]) -> NativeStacks:
    """Look at a child's stacks while it works.

    Args:
        pid: its process id.
        work: runs a round; it is called again and again.
    """
    program = py_spy()
    if program is None:
        return NativeStacks(0, 0.0, (), {}, missing=INSTALL_HINT)
    text, failure = record(program, pid, LOOK_S, work, "--native", "--threads")
    found = stacks_of(text)
    if failure or found.samples < MIN_SAMPLES:
        return NativeStacks(0, 0.0, (), {}, missing=failure or NOBODY_AT_WORK)
    held, failure = record(program, pid, LOOK_S, work, "--gil", "--threads")
    share = None if failure else min(1.0, sum(count for _, _, count in _rows(held)) / found.samples)
    return NativeStacks(found.samples, found.interpreter_share, found.functions, found.threads, share)


def stacks_of(text: str) -> NativeStacks:
    """The stacks in py-spy's ``raw`` format with ``--threads``: ``thread (1): Name;outer (file:1);inner (x.so) 3``.

    Those of the agent itself, of the main thread between two rounds, and of waits within a library are left out.
    """
    functions: Counter[tuple[str, str, str]] = Counter()
    threads: Counter[str] = Counter()
    total = interpreter = 0
    for name, frames, count in _rows(text):
        function = _function(frames)
        if function and NATIVE_WAIT.search(function[2]):
            continue
        total += count
        threads[name] += count
        if function:
            functions[function] += count
        else:
            interpreter += count
    if not total:
        return NO_STACKS
    entries = tuple(NativeFunction(*key, count / total) for key, count in functions.most_common())
    return NativeStacks(total, interpreter / total, entries, {name: count / total for name, count in threads.items()})


def _rows(text: str) -> Iterator[tuple[str, list[str], int]]:
    """Thread name, frames and count of each stack within a round."""
    for row in text.splitlines():
        stack, _, count = row.rpartition(" ")
        first, *frames = stack.split(";")
        thread = THREAD.match(first)
        if not thread or not count.isdigit() or AGENT_STACK.search(stack):
            continue
        if AGENT_FRAME.search(stack) and not ROUND_STACK.search(stack):
            continue
        python = [frame for frame in frames if re.search(r"\.py:\d+\)$", frame)]
        if python and IDLE_FRAME.search(python[-1]):
            continue
        yield re.sub(r"\d+", "#", thread["name"] or ""), frames, int(count)


def _function(frames: list[str]) -> tuple[str, str, str] | None:
    """Library, outer and inner function in which a stack ends; None where that is in the interpreter."""
    places = [(match["function"], match["place"]) for frame in frames if (match := FRAME.match(frame))]
    while places and SUPPORT.match(places[-1][1]):
        places.pop()
    if places and INTERPRETER.search(places[-1][1]):
        return None
    native: list[tuple[str, str]] = []
    while places and not PYTHON_PLACE.search(places[-1][1]):
        native.append(places.pop())
    if not native:
        return None
    is_library = _is_library(native[0][1])
    same = [
        (name, place) for name, place in native if (place == native[0][1] if is_library else not _is_library(place))
    ]
    names = [plain for name, _ in same if not ADDRESS.match(name) and (plain := plain_name(name))] or [""]
    return _library(same[-1][1]), names[-1], names[0]


def _is_library(place: str) -> bool:
    """Whether a place is a library; with debug symbols it is a line of a source file, which may be a header's."""
    return not re.search(r":\d+$", place)


def _library(place: str) -> str:
    """A place without its line, and without what a library's file name says of Python and machine."""
    name = re.sub(r":\d+$", "", place)
    return re.sub(r"\.(cpython-|abi3|pypy)[^/]*\.so$", ".so", name)


def plain_name(function: str) -> str:
    """A function's name without C++'s template arguments and parameters, Rust's hash and the compiler's suffixes.

    Empty for a name of Rust's mangling v0, which py-spy does not decode.
    """
    if re.match(r"_R[NIMYXC]", function):
        return ""
    name = re.sub(r"::h[0-9a-f]{16}$", "", function)
    name = re.sub(r"\.(isra|part|constprop|cold|lto_priv|llvm)\.?\d*", "", name)
    if name.startswith("<"):  # Rust: <type as trait>::method
        name = re.sub(r"^<(?:&|mut )*([\w:]+)[^>]* as ([\w:]+)[^>]*>", r"\1", name)
    before = None
    while before != name:
        before, name = name, re.sub(r"<[^<>]*>", "", name)
    return re.sub(r"\(.*$", "", name).strip() or function
