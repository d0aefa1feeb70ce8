"""Control groups as kernels show them, written out in a folder; and real ones, where they can be made."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_multicore.measurement.cgroups import quota_cores, throttled_apart_s, throttled_s

from .cgroup_layouts import LAYOUTS, Layout

V2_MOUNT = "30 23 0:26 / {mount} rw,nosuid - cgroup2 cgroup2 rw\n"
V1_MOUNT = "31 23 0:27 / {mount} rw,nosuid - cgroup cgroup rw,cpu,cpuacct\n"


def proc(tmp_path: Path, cgroup: str, mountinfo: str) -> Path:
    folder = tmp_path / "proc"
    folder.mkdir()
    (folder / "cgroup").write_text(cgroup)
    (folder / "mountinfo").write_text(mountinfo.format(mount=tmp_path / "cg"))
    return folder


def put(tmp_path: Path, group: str, **files: str) -> None:
    folder = tmp_path / "cg" / group
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text + "\n")


def test_the_tightest_ancestor_counts(tmp_path: Path) -> None:
    put(tmp_path, "a/b", cpu__max="400000 100000")
    put(tmp_path, "a", cpu__max="150000 100000")
    put(tmp_path, "", cpu__max="max 100000")
    assert quota_cores(proc(tmp_path, "0::/a/b\n", V2_MOUNT)) == 1.5


def test_no_quota_is_none(tmp_path: Path) -> None:
    put(tmp_path, "a", cpu__max="max 100000")
    assert quota_cores(proc(tmp_path, "0::/a\n", V2_MOUNT)) is None


def test_version_1(tmp_path: Path) -> None:
    put(tmp_path, "docker/x", cpu__cfs_quota_us="200000", cpu__cfs_period_us="100000")
    put(tmp_path, "docker", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    cgroup = "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n0::/\n"
    assert quota_cores(proc(tmp_path, cgroup, V1_MOUNT)) == 2.0


def test_a_container_sees_its_own_part_of_the_hierarchy(tmp_path: Path) -> None:
    """The mount's root is the container's group: the path in /proc starts above it."""
    put(tmp_path, "inner", cpu__max="50000 100000")
    mount = V2_MOUNT.replace(" / {mount}", " /docker/x {mount}")
    assert quota_cores(proc(tmp_path, "0::/docker/x/inner\n", mount)) == 0.5


def test_a_system_without_cgroups_grants_all(tmp_path: Path) -> None:
    assert quota_cores(tmp_path / "nothing") is None


def test_a_process_is_held_back_with_any_of_its_ancestors(tmp_path: Path) -> None:
    put(tmp_path, "a/b", cpu__stat="nr_throttled 3\nthrottled_usec 1500000")
    put(tmp_path, "a", cpu__stat="nr_throttled 1\nthrottled_usec 500000")
    assert throttled_s(proc(tmp_path, "0::/a/b\n", V2_MOUNT)) == 2.0


def test_version_1_tells_it_in_nanoseconds(tmp_path: Path) -> None:
    put(tmp_path, "docker/x", cpu__stat="nr_throttled 3\nthrottled_time 1500000000")
    assert throttled_s(proc(tmp_path, "4:cpu,cpuacct:/docker/x\n", V1_MOUNT)) == 1.5


def test_a_group_of_the_programs_own_is_held_back_apart(tmp_path: Path) -> None:
    put(tmp_path, "its/own", cpu__stat="nr_throttled 3\nthrottled_usec 1500000")
    assert throttled_apart_s(proc(tmp_path, "0::/its/own\n", V2_MOUNT)) == 1.5


def test_the_group_that_all_share_is_not(tmp_path: Path) -> None:
    assert throttled_apart_s(Path("/proc/self")) == 0.0


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_each_layout_grants_what_it_grants(layout: Layout, tmp_path: Path) -> None:
    proc = layout.write(tmp_path)
    assert quota_cores(proc) == layout.quota
    assert throttled_s(proc) == layout.throttled_s


#: What a process says of its own group, and of another process.
TOLD = """
import sys, time
from pathlib import Path
from pytest_multicore.measurement.cgroups import quota_cores, throttled_s
from pytest_multicore.measurement.machine import this_machine
while throttled_s() == 0 and time.process_time() < 5:
    sum(i * i for i in range(20_000))
print(quota_cores(), this_machine().quota, throttled_s() > 0, quota_cores(Path(f"/proc/{sys.argv[1]}")))
"""
#: Where a group with a quota is made, and the file and the text that give it one.
REAL = {
    "version 1": (("/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"), "cpu.cfs_quota_us", "{us}"),
    "version 2": (("/sys/fs/cgroup", "/sys/fs/cgroup/unified"), "cpu.max", "{us} 100000"),
}


@pytest.fixture
def groups(request: pytest.FixtureRequest) -> Iterator[list[Path]]:
    """Two real groups, one in the other, with quotas of 0.1 and 2 cores."""
    places, file, text = REAL[request.param]
    made: list[Path] = []
    parent = next((Path(one) for one in places if Path(one, "cgroup.procs").exists()), Path("/sys/fs/cgroup/cpu"))
    try:
        for name, cores in ((f"test-of-quotas-{os.getpid()}", 0.1), ("inner", 2.0)):
            if request.param == "version 2":
                (parent / "cgroup.subtree_control").write_text("+cpu")
            parent = parent / name
            parent.mkdir()
            made.append(parent)
            if request.param == "version 2" or name != "inner":  # version 1 refuses more than the outer one has
                (parent / file).write_text(text.format(us=round(cores * 100_000)))
    except OSError as error:
        for group in reversed(made):
            group.rmdir()
        pytest.skip(f"no control group of {request.param} with a quota can be made here: {error.strerror}")
    yield made
    for group in reversed(made):
        group.rmdir()


@pytest.mark.parametrize("groups", REAL, indirect=True)
def test_a_real_quota_is_read_and_its_effect_too(groups: list[Path]) -> None:
    """Of the outer group, by a process in the inner one, and by another process of it."""
    enter = f"import os; open({str(groups[-1] / 'cgroup.procs')!r}, 'w').write(str(os.getpid()))\n"
    told = subprocess.run(
        [sys.executable, "-c", enter + TOLD, str(os.getpid())], capture_output=True, text=True, check=True
    ).stdout.split()
    assert told == ["0.1", "0.1", "True", str(quota_cores())]


def test_a_mount_whose_name_is_no_utf_8_is_one_more_mount(tmp_path: Path) -> None:
    put(tmp_path, "a", cpu__max="150000 100000")
    folder = proc(tmp_path, "0::/a\n", V2_MOUNT)
    mounts = folder / "mountinfo"
    mounts.write_bytes(b"40 1 0:30 / /mnt/M\xe9dias\xc2\x85x rw - tmpfs none rw\n" + mounts.read_bytes())
    assert quota_cores(folder) == 1.5
