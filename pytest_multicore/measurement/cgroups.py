"""Linux control groups: how many cores a quota grants, and for how long it held a group's threads back.

Both versions, walking up all ancestors, as joblib and loky do: the tightest quota counts. Source:
``Documentation/admin-guide/cgroup-v2.rst`` (cpu.max, cpu.stat) and ``Documentation/scheduler/sched-bwc.rst``
(cpu.cfs_quota_us, cpu.cfs_period_us).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

#: A blank, tab, line's end or backslash in a field of /proc/self/mountinfo (proc_pid_mountinfo(5)).
ESCAPED_CHARACTER = re.compile(r"\\([0-7]{3})")
#: Fields of cpu.stat by version, and their units in a second.
THROTTLED_UNITS_PER_S = {"throttled_usec": 1e6, "throttled_time": 1e9}


def quota_cores(proc: Path = Path("/proc/self")) -> float | None:
    """The tightest CPU quota over this process's group and its ancestors, in cores; None without one.

    Args:
        proc: the process's folder under /proc, for tests.
    """
    quotas = [quota for folder in _cpu_folders(proc) if (quota := _quota(folder)) is not None]
    return min(quotas, default=None)


def throttled_s(proc: Path | None = None) -> float:
    """Seconds for which quotas held a group's threads back so far, summed over CPUs; 0.0 where unknown.

    Args:
        proc: the folder under /proc of a process of the group; None: this process, whose group is looked up once.
    """
    return sum(_throttled(folder) for folder in (_cpu_folders(proc) if proc else _own_cpu_folders()))


def throttled_apart_s(proc: Path) -> float:
    """The same of the groups that a process is in and this one is not: a program may enter one of its own.

    Args:
        proc: the process's folder under /proc.
    """
    if _lines(proc / "cgroup") == _own_lines():  # what is read before each round and after it is short
        return 0.0
    return sum(_throttled(folder) for folder in _cpu_folders(proc) if folder not in _own_cpu_folders())


@cache
def _own_lines() -> list[str]:
    return _lines(Path("/proc/self/cgroup"))


@cache
def _own_cpu_folders() -> tuple[Path, ...]:
    return tuple(_cpu_folders(Path("/proc/self")))


def _cpu_folders(proc: Path) -> Iterator[Path]:
    """The folders of the cpu controller, from the process's own group up to the root, each once.

    A hierarchy may be mounted several times, in parts or behind a later mount: the first that shows the group counts.
    """
    mounts = list(_mounts(proc))
    for line in _lines(proc / "cgroup"):
        _, controllers, path = line.split(":", 2)
        shown = [
            (point, _below(root, path))
            for kind, options, root, point in mounts
            if (kind == "cgroup2" and controllers == "")
            or (kind == "cgroup" and "cpu" in controllers.split(",") and "cpu" in options.split(","))
        ]
        found = next(((point, below) for point, below in shown if below is not None and (point / below).is_dir()), None)
        if found or shown:
            point, below = found or shown[0]
            yield from _upwards(point, below or "")


def _mounts(proc: Path) -> Iterator[tuple[str, str, str, Path]]:
    """(type, super options, root within the hierarchy, mount point) of each cgroup mount."""
    for line in _lines(proc / "mountinfo"):
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            fields = [ESCAPED_CHARACTER.sub(lambda found: chr(int(found[1], 8)), field) for field in left.split(" ")]
            yield kind, options, fields[3], Path(fields[4])


def _below(root: str, path: str) -> str | None:
    """A group's path as seen from the mount; None where the mount shows another part of the hierarchy.

    Inside a container a mount shows only a part. That is the container's own where nothing else is mounted.
    """
    if root == "/":
        return path.lstrip("/")
    return path[len(root) :].lstrip("/") if path == root or path.startswith(root + "/") else None


def _upwards(point: Path, below: str) -> Iterator[Path]:
    folder = point / below
    while True:
        yield folder
        if folder == point or point not in folder.parents:
            return
        folder = folder.parent


def _quota(folder: Path) -> float | None:
    quota, period, *_ = [*" ".join(_lines(folder / "cpu.max")).split(), "", ""]
    if not quota:
        quota, period = (" ".join(_lines(folder / f"cpu.cfs_{name}_us")) for name in ("quota", "period"))
    # "max" and -1 stand for none. Whatever else is no number is not the kernel's.
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() and int(period) else None


def _throttled(folder: Path) -> float:
    for line in _lines(folder / "cpu.stat"):
        name, _, value = line.partition(" ")
        if name in THROTTLED_UNITS_PER_S and value.isdecimal():
            return int(value) / THROTTLED_UNITS_PER_S[name]
    return 0.0


def _lines(file: Path) -> list[str]:
    try:
        # A folder's name may be any bytes, and hold what Python takes for the end of a line.
        return [line for line in file.read_text(encoding="utf-8", errors="surrogateescape").split("\n") if line]
    except OSError:
        return []
