"""Control groups as kernels show them, written out in a folder: a test cannot count on being allowed to make one."""

from pathlib import Path

from pytest_multicore.measurement.cgroups import quota_cores, throttled_apart_s, throttled_s

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
