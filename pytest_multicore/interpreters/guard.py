"""Starts one interpreter, and ends all that it has started. Run by path; imports nothing of ours.

It stands between pytest and the interpreter as a child subreaper of Linux (PR_SET_CHILD_SUBREAPER, prctl(2)): a process
of the interpreter's tree whose parent has ended becomes a child of this one. So a server that forked twice, leads a
session of its own and emptied its environment is found. pytest itself would adopt what its own tests leave.

    python -I -S guard.py DESCRIPTOR PYTEST'S_PROCESS_ID

The descriptor is a socket. pytest sends the number of bytes that follow (8 bytes, big-endian), then texts, each with
a final zero: the number of the command's words, these words, and the variables as NAME=VALUE. The answer is a line,
``pid PID ADOPTS`` (ADOPTS is 1 where orphans are adopted) or ``error ERRNO``; then, when the interpreter has ended,
``status STATUS`` as waitpid gives it. This process ends everything when the interpreter ends, when anything more comes
on the socket, or when pytest has ended, however that may be.
"""

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
#: How long killed processes may take to end, and how often the system is asked for them. They end within milliseconds,
#: unless the kernel waits for a device.
KILL_TIMEOUT_S, KILL_INTERVAL_S = 5.0, 0.02
#: So many orphans may have ended before they are reaped. Until then the CPU clock of each can be read to the
#: nanosecond, and afterwards its time in ticks of 10 ms alone: measurement/linux.py.
MAX_ZOMBIES = 200


def main() -> None:
    """Start the interpreter, wait for an end, then end what is left."""
    mask = signal.pthread_sigmask(signal.SIG_SETMASK, ())
    wakeups = wake_up_on_signals()
    adopts = adopt_orphans()
    control = socket.socket(fileno=int(sys.argv[1]))
    command, variables = received(control, wakeups)
    try:
        # Python ignores these two signals, and no program that it starts should.
        ignored = [getattr(signal, name) for name in ("SIGPIPE", "SIGXFSZ") if hasattr(signal, name)]
        control.set_inheritable(False)
        pid = os.posix_spawnp(command[0], command, variables, setsid=True, setsigdef=ignored, setsigmask=mask)
    except OSError as error:
        control.sendall(b"error %d\n" % (error.errno or 0))
        return
    let_go_of_streams()
    guard = Guard(pid, control, wakeups)
    guard.tell(b"pid %d %d\n" % (pid, adopts))
    guard.wait_for_an_end()
    guard.end_everything()


def wake_up_on_signals() -> int:
    """Let signals only wake this process up; returns the descriptor that can be read then.

    A signal that is ignored already stays so: the interpreter inherits that.
    """
    wakeups, writable = os.pipe()
    os.set_blocking(wakeups, False)
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
        if signal.getsignal(getattr(signal, name)) != signal.SIG_IGN:
            signal.signal(getattr(signal, name), lambda *_: None)
    return wakeups


def adopt_orphans() -> bool:
    """Become the parent of the tree's orphans, and have SIGTERM sent when pytest dies; whether that is possible."""
    if sys.platform != "linux":
        return False
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return False
    # A child that pytest forked and that lives on holds the other end of the socket open.
    prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    return bool(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def received(control: socket.socket, wakeups: int) -> tuple[list[bytes], dict[bytes, bytes]]:
    """The command and the variables. Ends this process where pytest has ended."""
    content = bytearray()
    length = 8
    while len(content) < length:
        chunk = control.recv(1 << 20) if pytest_speaks(control, wakeups) else b""
        if not chunk:
            sys.exit(1)
        content += chunk
        if len(content) >= 8:
            length = 8 + int.from_bytes(content[:8], "big")
    count, *texts = bytes(content[8:]).split(b"\0")[:-1]
    variables = texts[int(count) :]
    return texts[: int(count)], {name: value for name, _, value in (text.partition(b"=") for text in variables)}


def has_lost_pytest() -> bool:
    """Whether pytest has ended: by the id that was told, for it may end while this process starts."""
    return os.getppid() != int(sys.argv[2])


def pytest_speaks(control: socket.socket, wakeups: int) -> bool:
    """Wait until something comes on the socket, or it ends; False: pytest has ended before."""
    while not has_lost_pytest():
        readable, _, _ = select.select([control.fileno(), wakeups], [], [])
        if control.fileno() in readable:
            return True
        os.read(wakeups, 4096)
    return False


def let_go_of_streams() -> None:
    """Leave the pipes to the interpreter alone, so that its end closes them; and leave the working folder."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.chdir("/")


class Guard:
    """The guard of a started interpreter."""

    def __init__(self, pid: int, control: socket.socket, wakeups: int) -> None:
        self._pid = pid
        self._control = control
        self._wakeups = wakeups
        self._has_told = False
        self._left = 0  # children at the last reaping that were alive

    def tell(self, line: bytes) -> None:
        """Send a line to pytest, which may have ended."""
        with contextlib.suppress(OSError):
            self._control.sendall(line)

    def wait_for_an_end(self) -> None:
        """Return when the interpreter has ended, pytest has, or pytest says so."""
        while not (has_lost_pytest() or self._has_ended()):
            readable, _, _ = select.select([self._control.fileno(), self._wakeups], [], [])
            if self._control.fileno() in readable:
                return
            self._forget_wakeups()
            self._reap_if_many()

    def end_everything(self) -> None:
        """Kill the interpreter and its group, then all children: what a killed one leaves is a child next time."""
        kill(os.killpg, self._pid)
        kill(os.kill, self._pid)
        deadline = time.monotonic() + KILL_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._has_ended():
                reap(self._pid)
            self._reap_orphans()
            if not has_children():
                return
            for child in children():
                kill(os.kill, child)
            select.select([self._wakeups], [], [], KILL_INTERVAL_S)
            self._forget_wakeups()

    def _has_ended(self) -> bool:
        """Whether the interpreter has ended: it is not reaped, so that its number stays its own."""
        child = ended_child(os.P_PID, self._pid)
        if child is None:
            return False
        if not self._has_told:
            self.tell(b"status %d\n" % (child.si_status * (1 if child.si_code == os.CLD_EXITED else -1)))
        self._has_told = True
        return True

    def _reap_if_many(self) -> None:
        """Keep at most so many children that have ended: counted, for one signal may be of several ends."""
        if len(children()) - self._left > MAX_ZOMBIES:
            self._reap_orphans()
            self._left = len(children())

    def _reap_orphans(self) -> None:
        """Reap all children that have ended, but the interpreter."""
        while (child := ended_child(os.P_ALL, 0)) is not None and child.si_pid != self._pid:
            reap(child.si_pid)

    def _forget_wakeups(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wakeups, 4096)


def ended_child(kind: int, number: int) -> "os.waitid_result | None":
    """A child of those that waitid's first arguments name, that has ended and was not reaped; None: there is none."""
    with contextlib.suppress(ChildProcessError):
        return os.waitid(kind, number, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return None


def has_children() -> bool:
    """Whether this process has a child, dead or alive."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def reap(pid: int) -> None:
    """Take note of a child's end, which frees its number."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def children() -> list[int]:
    """This process's children; none where there is no /proc."""
    own = os.getpid()
    with contextlib.suppress(OSError), open(f"/proc/{own}/task/{own}/children", "rb") as told:
        return list(map(int, told.read().split()))
    found = []  # a kernel without that file: CONFIG_PROC_CHILDREN
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdecimal():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
                # number (name) state parent ...: the name may hold anything.
                if int(stat.read().rpartition(b") ")[2].split()[1]) == own:
                    found.append(int(name))
    return found


def kill(kill_function, target: int) -> None:  # type: ignore[no-untyped-def]  # typing takes 10 ms to import
    """Kill a process or group that may have ended already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        kill_function(target, signal.SIGKILL)


if __name__ == "__main__":
    main()
