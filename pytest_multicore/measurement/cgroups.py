"""Linux control groups: how many cores a quota grants, and for how long it held a group's threads back.

Both versions, walking up all ancestors, as joblib and loky do: the tightest quota counts. Source:
``Documentation/admin-guide/cgroup-v2.rst`` (cpu.max, cpu.stat) and ``Documentation/scheduler/sched-bwc.rst``
(cpu.cfs_quota_us, cpu.cfs_period_us).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path


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
    """The folders of the cpu controller, from the process's own group up to the root."""
    mounts = list(_mounts(proc))
    for line in _lines(proc / "cgroup"):
        _, controllers, path = line.split(":", 2)
        for kind, options, root, point in mounts:
            v2 = kind == "cgroup2" and controllers == ""
            v1 = kind == "cgroup" and "cpu" in controllers.split(",") and "cpu" in options.split(",")
            if v1 or v2:
                yield from _upwards(point, _below(root, path))


def _mounts(proc: Path) -> Iterator[tuple[str, str, str, Path]]:
    """(type, super options, root within the hierarchy, mount point) of each cgroup mount."""
    for line in _lines(proc / "mountinfo"):
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            fields = left.split(" ")
            yield kind, options, fields[3], Path(fields[4])


def _below(root: str, path: str) -> str:
    """A group's path as seen from the mount: inside a container the mount shows only a part of the hierarchy."""
    if root != "/" and (path == root or path.startswith(root + "/")):
        return path[len(root) :].lstrip("/")
    return path.lstrip("/") if root == "/" else ""


def _upwards(point: Path, below: str) -> Iterator[Path]:
    folder = point / below
    while True:
        yield folder
        if folder == point or point not in folder.parents:
            return
        folder = folder.parent


def _quota(folder: Path) -> float | None:
    for line in _lines(folder / "cpu.max"):
        quota, period = line.split()
        return None if quota == "max" else int(quota) / int(period)
    quota_us = [int(line) for line in _lines(folder / "cpu.cfs_quota_us")]
    period_us = [int(line) for line in _lines(folder / "cpu.cfs_period_us")]
    if quota_us and period_us and quota_us[0] > 0:
        return quota_us[0] / period_us[0]
    return None


def _throttled(folder: Path) -> float:
    for line in _lines(folder / "cpu.stat"):
        name, _, value = line.partition(" ")
        if name == "throttled_usec":
            return int(value) / 1e6
        if name == "throttled_time":
            return int(value) / 1e9
    return 0.0


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
