"""Have a Python on Linux behave as one on another system: what that one lacks is taken from it. Run by path, too.

    python forced.py SYSTEM ARGUMENTS...        as `python ARGUMENTS...` on that system; SYSTEM is darwin or win32

Modules that Linux's own have loaded by then (subprocess, psutil, tempfile, ...) go on with copies of what is taken:
they stand for the other system's. What the package asks for itself is gone.
"""

from __future__ import annotations

import ctypes
import io
import os
import runpy
import stat
import sys
import sysconfig
import types
from pathlib import Path
from typing import Any

#: Names that Python lacks on a system, by module; as the documentation of these modules says ("Availability").
LACKING = {
    "darwin": {"os": "sched_* SCHED_* pidfd_open P_PIDFD memfd_create RTLD_DEEPBIND O_TMPFILE"},
    "win32": {
        "os": (
            "sched_* SCHED_* pidfd_open memfd_create RTLD_* fork forkpty register_at_fork killpg setsid getsid getpgid "
            "setpgid posix_spawn* POSIX_SPAWN_* waitid wait wait3 wait4 WNOHANG setpriority getpriority PRIO_* nice "
            "getuid geteuid getgid getegid chown fchown fchmod O_CLOEXEC O_NOFOLLOW O_NONBLOCK O_TMPFILE pread pwrite "
            "sysconf sysconf_names statvfs uname getloadavg mkfifo set_blocking"
        ),
        "signal": (
            "SIGKILL SIGSTOP SIGCONT SIGHUP SIGQUIT SIGCHLD SIGPIPE SIGXFSZ SIGUSR1 SIGUSR2 SIGALRM alarm setitimer "
            "pthread_sigmask pthread_kill"
        ),
        "time": "clock_gettime* clock_getres CLOCK_*",
        "socket": "AF_UNIX",
        "selectors": "DefaultSelector PollSelector EpollSelector SelectSelector",
        "select": "select poll epoll* EPOLL* POLL*",
    },
}
#: Modules that can't be imported there.
ABSENT = {"darwin": "", "win32": "fcntl resource termios pwd grp pty tty syslog"}
HIDDEN = ("/proc", "/sys")
#: Packages that have an own way for each system: the one on Linux stands for the others.
STAND_INS = ("filelock", "psutil", "python_discovery", "shutil")
#: Loaded before anything is taken: their own ways on Linux stand for those on the other system.
LOADED_FIRST = """
    asyncio concurrent.futures ctypes.util faulthandler getpass hashlib importlib.metadata inspect io logging mmap
    multiprocessing pathlib pdb platform random select selectors shutil signal socket sqlite3 subprocess sysconfig
    tempfile threading time unittest uuid zipfile filelock filelock._sqlite numpy platformdirs psutil pytest
    python_discovery._cached_py_info
"""


def force(system: str) -> None:
    """Take from this process what a system lacks."""
    for name in LOADED_FIRST.split():
        try:
            __import__(name)
        except ImportError:  # not installed in this environment
            continue
    sysconfig.get_config_vars()  # from a file that is named by sys.platform
    hide_linux()
    modules = {name: sys.modules[name] for name in LACKING[system]}
    let_others_keep(modules)
    let_stand_in()
    for name, module in modules.items():
        for attribute in [one for one in vars(module) if matches(one, LACKING[system][name].split())]:
            delattr(module, attribute)
    for name in ABSENT[system].split():
        sys.modules[name] = None  # type: ignore[assignment]  # Python's own way to forbid an import
    sys.platform = system
    if system == "win32":
        # pytest looks for it where sys.platform is that.
        io._WindowsConsoleIO = type("_WindowsConsoleIO", (), {})  # type: ignore[attr-defined]
    else:
        ctypes.CDLL(os.environ["FORCED_DYLD"], ctypes.RTLD_GLOBAL)
    # Interpreters and programs that this one starts are forced as well.
    sys.executable = str(wrapper(system))


def matches(name: str, patterns: list[str]) -> bool:
    """Whether a name is among these; an asterisk stands for any end."""
    return any(name == one or (one.endswith("*") and name.startswith(one[:-1])) for one in patterns)


def let_others_keep(modules: dict[str, types.ModuleType]) -> None:
    """Whoever has loaded a module by now keeps a copy of it as it is."""
    copies = {}
    for name, module in modules.items():
        copies[id(module)] = types.ModuleType(name)
        vars(copies[id(module)]).update(vars(module))
    for holder in list(sys.modules.values()):
        if holder is None or id(holder) in copies or holder is sys.modules[__name__]:
            continue
        for attribute, value in list(getattr(holder, "__dict__", {}).items()):
            if id(value) in copies and isinstance(value, types.ModuleType):
                setattr(holder, attribute, copies[id(value)])


def let_stand_in() -> None:
    """Some packages go on as on Linux, whatever sys.platform says: they have an own way for each system."""
    linux = types.ModuleType("sys")
    vars(linux).update(vars(sys))
    for name, module in list(sys.modules.items()):
        if name.startswith(STAND_INS) and hasattr(module, "sys"):
            setattr(module, "sys", linux)  # noqa: B010 - mypy knows no such attribute


def hide_linux() -> None:
    """Nothing but a package that stands in finds /proc and /sys."""

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("open", "os.listdir", "os.scandir") and is_hidden(arguments[0]) and not for_a_stand_in():
            raise FileNotFoundError(2, "No such file or directory", arguments[0])

    plain_stat = os.stat

    def look(path: Any, *args: Any, **options: Any) -> os.stat_result:
        if is_hidden(path) and not for_a_stand_in():
            raise FileNotFoundError(2, "No such file or directory", path)
        return plain_stat(path, *args, **options)

    sys.addaudithook(audit)
    os.stat = look


def is_hidden(path: object) -> bool:
    """Whether a path is in Linux's own folders."""
    if not isinstance(path, str | bytes | os.PathLike):
        return False
    text = os.fsdecode(path)
    return any(text == folder or text.startswith(folder + "/") for folder in HIDDEN)


def for_a_stand_in() -> bool:
    """Whether a package asks that stands in for its way on the other system."""
    frame = sys._getframe(2)
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith(STAND_INS):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def wrapper(system: str) -> Path:
    """A program that is this Python, forced."""
    file = Path(os.environ["FORCED_FOLDER"]) / f"python-{system}"
    if not file.exists():
        beside = file.with_name(f"{file.name}.{os.getpid()}")
        # A shell could not start it from a path with blanks; the variable is what the next wrapper is written by.
        beside.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" {system} "$@"\n')
        beside.chmod(beside.stat().st_mode | stat.S_IXUSR)
        beside.replace(file)
    return file


def run(arguments: list[str]) -> None:
    """What `python ARGUMENTS...` does: a script, ``-m`` or ``-c`` after flags."""
    while arguments[0].startswith("-") and arguments[0][:2] not in ("-m", "-c"):
        flag = arguments.pop(0)
        if flag in ("-X", "-W"):
            arguments.pop(0)
    first = arguments[0]
    if first[:2] == "-m":
        module = first[2:] or arguments.pop(1)
        sys.argv = [module, *arguments[1:]]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    elif first[:2] == "-c":
        code = first[2:] or arguments.pop(1)
        sys.argv = ["-c", *arguments[1:]]
        sys.path.insert(0, "")
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - as python -c does
    else:
        sys.argv = arguments
        sys.path.insert(0, str(Path(first).parent))
        runpy.run_path(first, run_name="__main__")


def main() -> None:
    """Force this process, then do what it was started for."""
    system, *arguments = sys.argv[1:]
    del sys.path[0]  # this file's folder
    force(system)
    run(arguments)


if __name__ == "__main__":
    main()
