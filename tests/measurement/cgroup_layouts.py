"""Control groups as they lie on systems and in containers, written down from public documentation.

Sources: cgroups(7) and cgroup_namespaces(7); Documentation/admin-guide/cgroup-v2.rst; systemd's "Control Group APIs and
Delegation" (slices, hybrid); Docker's "Runtime metrics" (names of groups); Kubernetes' "About cgroup v2" and "Node-
specific kubelet configuration" (kubepods); lxc.container.conf(5). The ids are made up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

ID = "4f797c539e6c745de61a93ca3ff892358ecbcaccd8414d5db545c38428142970"
POD = "pod3f2c1b5e_9d14_4a7e_8c55_6f0a1b2c3d4e"
OF_POD = f"kubepods.slice/kubepods-burstable.slice/kubepods-burstable-{POD}.slice"
NO_V1 = {"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"}


def v1(cores: float, throttled_s: float = 0.0, period_us: int = 100_000) -> dict[str, str]:
    """Files of a group of version 1 with a quota."""
    stat = f"nr_periods 90\nnr_throttled 7\nthrottled_time {throttled_s * 1e9:.0f}"
    quota = {"cpu.cfs_quota_us": f"{cores * period_us:.0f}", "cpu.cfs_period_us": str(period_us)}
    return {**quota, "cpu.stat": stat, "cpu.shares": "1024"}


def v2(cores: float | None, throttled_s: float = 0.0, period_us: int = 100_000) -> dict[str, str]:
    """Files of a group of version 2; without cores there is no quota."""
    stat = f"usage_usec 1\nnr_periods 90\nnr_throttled 7\nthrottled_usec {throttled_s * 1e6:.0f}"
    return {"cpu.max": f"{'max' if cores is None else round(cores * period_us)} {period_us}", "cpu.stat": stat}


@dataclass(frozen=True)
class Layout:
    """One system as a process sees it.

    Attributes:
        cgroup: its /proc/self/cgroup.
        mountinfo: its /proc/self/mountinfo; {0} is the folder that stands for the root of the file system.
        groups: the files of each group, by the group's folder.
        quota: the cores that are granted; None without a limit.
        throttled_s: for how long quotas held it back.
    """

    cgroup: str
    mountinfo: str
    groups: dict[str, dict[str, str]]
    quota: float | None
    throttled_s: float = 0.0
    links: dict[str, str] = field(default_factory=dict)

    def write(self, root: Path) -> Path:
        """Write it below a folder; returns what stands for /proc/self."""
        for group, files in self.groups.items():
            folder = root / group
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                (folder / name).write_text(text + "\n")
        for link, target in self.links.items():
            (root / link).symlink_to(target)
        proc = root / "proc"
        proc.mkdir()
        (proc / "cgroup").write_text(self.cgroup)
        (proc / "mountinfo").write_text(self.mountinfo.format(str(root)))
        return proc


V1_HOST = "33 25 0:29 / {0}/sys/fs/cgroup/cpu,cpuacct rw,relatime shared:11 - cgroup cgroup rw,cpu,cpuacct\n"
V1_MEMORY = "34 25 0:30 / {0}/sys/fs/cgroup/memory rw,relatime shared:12 - cgroup cgroup rw,memory\n"
V1_SYSTEMD = "31 25 0:27 / {0}/sys/fs/cgroup/systemd rw,relatime shared:9 - cgroup cgroup rw,xattr,name=systemd\n"
HYBRID = "30 25 0:26 / {0}/sys/fs/cgroup/unified rw,relatime shared:8 - cgroup2 cgroup2 rw,nsdelegate\n"
V2_HOST = "30 23 0:26 / {0}/sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
V1, V2 = "sys/fs/cgroup/cpu,cpuacct", "sys/fs/cgroup"

LAYOUTS = {
    "docker, version 1": Layout(
        f"12:memory:/docker/{ID}\n4:cpu,cpuacct:/docker/{ID}\n1:name=systemd:/docker/{ID}\n0::/\n",
        f"901 900 0:29 /docker/{ID} {{0}}/{V1} ro,relatime master:11 - cgroup cgroup rw,cpu,cpuacct\n"
        f"902 900 0:30 /docker/{ID} {{0}}/sys/fs/cgroup/memory ro,relatime master:12 - cgroup cgroup rw,memory\n",
        {V1: v1(1.5, throttled_s=3.25)},
        quota=1.5,
        throttled_s=3.25,
    ),
    "docker, version 2, a namespace of its own": Layout(
        "0::/\n",
        "1177 1176 0:29 / {0}/sys/fs/cgroup ro,relatime - cgroup2 cgroup rw,nsdelegate\n",
        {V2: v2(0.5, throttled_s=1.5)},
        quota=0.5,
        throttled_s=1.5,
    ),
    "docker, version 2, the host's namespace": Layout(
        f"0::/system.slice/docker-{ID}.scope\n",
        V2_HOST,
        {V2: {}, f"{V2}/system.slice": v2(None), f"{V2}/system.slice/docker-{ID}.scope": v2(2)},
        quota=2,
    ),
    "docker in docker, version 2: the inner quota is looser": Layout(
        f"0::/docker/{ID}\n",
        "1177 1176 0:29 / {0}/sys/fs/cgroup rw,relatime - cgroup2 cgroup rw,nsdelegate\n",
        {V2: v2(1), f"{V2}/docker": v2(None), f"{V2}/docker/{ID}": v2(4)},
        quota=1,
    ),
    "kubernetes, version 1, as the node sees it: the pod's limit counts": Layout(
        f"4:cpu,cpuacct:/kubepods/burstable/{POD}/{ID}\n",
        V1_HOST,
        {
            V1: NO_V1,
            f"{V1}/kubepods": NO_V1,
            f"{V1}/kubepods/burstable": NO_V1,
            f"{V1}/kubepods/burstable/{POD}": v1(1.2),
            f"{V1}/kubepods/burstable/{POD}/{ID}": NO_V1,
        },
        quota=1.2,
    ),
    "kubernetes, version 1, within the container": Layout(
        f"4:cpu,cpuacct:/kubepods/burstable/{POD}/{ID}\n",
        f"901 900 0:29 /kubepods/burstable/{POD}/{ID} {{0}}/{V1} ro,relatime - cgroup cgroup rw,cpu,cpuacct\n",
        {V1: v1(0.75, period_us=50_000)},
        quota=0.75,
    ),
    "kubernetes, version 2, systemd's names, as the node sees it": Layout(
        f"0::/{OF_POD}/cri-containerd-{ID}.scope\n",
        V2_HOST,
        {
            V2: {},
            f"{V2}/kubepods.slice": v2(None),
            f"{V2}/kubepods.slice/kubepods-burstable.slice": v2(None),
            f"{V2}/{OF_POD}": v2(3, throttled_s=0.5),
            f"{V2}/{OF_POD}/cri-containerd-{ID}.scope": v2(2.5, throttled_s=1.0),
        },
        quota=2.5,
        throttled_s=1.5,
    ),
    "systemd, version 2: a quota of the user's slice": Layout(
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope\n",
        V2_HOST,
        {
            V2: {},
            f"{V2}/user.slice": v2(None),
            f"{V2}/user.slice/user-1000.slice": v2(2),
            # systemd gives the user's manager no cpu controller unless that is delegated: no cpu.max below it.
            f"{V2}/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope": {"cpu.stat": "usage_usec 1"},
        },
        quota=2,
    ),
    "systemd, version 1: CPUQuota=150% of a service": Layout(
        "4:cpu,cpuacct:/system.slice/ci.service\n1:name=systemd:/system.slice/ci.service\n",
        V1_SYSTEMD + V1_HOST + V1_MEMORY,
        {V1: NO_V1, f"{V1}/system.slice": NO_V1, f"{V1}/system.slice/ci.service": v1(1.5)},
        quota=1.5,
    ),
    "hybrid: the quota is in version 1, whatever the unified hierarchy shows": Layout(
        "4:cpu,cpuacct:/system.slice/ci.service\n1:name=systemd:/system.slice/ci.service\n0::/system.slice/ci.service\n",
        HYBRID + V1_SYSTEMD + V1_HOST,
        {
            V1: NO_V1,
            f"{V1}/system.slice": NO_V1,
            f"{V1}/system.slice/ci.service": v1(2, throttled_s=1.0),
            f"{V2}/unified/system.slice/ci.service": {"cpu.stat": "usage_usec 1\nuser_usec 1\nsystem_usec 0"},
        },
        quota=2,
        throttled_s=1.0,
    ),
    "version 1, cpu apart from cpuacct, and links by the controllers' names": Layout(
        "3:cpuacct:/other\n2:cpu:/build\n",
        "33 25 0:29 / {0}/sys/fs/cgroup/cpu rw,relatime shared:11 - cgroup cgroup rw,cpu\n"
        "34 25 0:30 / {0}/sys/fs/cgroup/cpuacct rw,relatime shared:12 - cgroup cgroup rw,cpuacct\n",
        {"sys/fs/cgroup/cpu": NO_V1, "sys/fs/cgroup/cpu/build": v1(1), "sys/fs/cgroup/cpuacct/other": {}},
        quota=1,
        links={"sys/fs/cgroup/cpu0": "cpu"},
    ),
    "lxc, version 1: the container's group within the host's": Layout(
        "4:cpu,cpuacct:/lxc.payload.web/init.scope\n",
        f"901 900 0:29 /lxc.payload.web {{0}}/{V1} rw,relatime master:11 - cgroup cgroup rw,cpu,cpuacct\n",
        {V1: v1(2), f"{V1}/init.scope": NO_V1},
        quota=2,
    ),
    "mounted twice, once behind another file system: each group counts once": Layout(
        "0::/build\n",
        "30 23 0:26 / {0}/hidden/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw\n"
        "31 23 0:26 /build {0}/bind rw,relatime shared:9 - cgroup2 cgroup2 rw\n" + V2_HOST,
        {V2: {}, f"{V2}/build": v2(1.5, throttled_s=2.0), "bind": v2(1.5, throttled_s=2.0)},
        quota=1.5,
        throttled_s=2.0,
    ),
    "a mount that shows another part comes first": Layout(
        f"0::/docker/{ID}\n",
        f"30 23 0:26 /other {{0}}/part rw,relatime shared:9 - cgroup2 cgroup2 rw\n{V2_HOST}",
        {"part": v2(0.25), V2: {}, f"{V2}/docker/{ID}": v2(2)},
        quota=2,
    ),
    "a mount point with a blank in its name": Layout(
        "0::/build\n",
        r"30 23 0:26 / {0}/sys/my\040groups rw,relatime shared:9 - cgroup2 cgroup2 rw" + "\n",
        {"sys/my groups": {}, "sys/my groups/build": v2(1.25)},
        quota=1.25,
    ),
    "a group with a colon in its name": Layout(
        "0::/a:b\n", V2_HOST, {V2: {}, f"{V2}/a:b": v2(1)}, quota=1
    ),
    "a sandbox that shows quotas which no kernel writes": Layout(
        "0::/a/b/c\n",
        V2_HOST,
        {V2: {"cpu.max": "max"}, f"{V2}/a": {"cpu.max": "100000 0"}, f"{V2}/a/b/c": v2(3)},
        quota=3,
    ),
    "no control groups": Layout("", "23 1 0:21 / {0}/sys rw,relatime shared:7 - sysfs sysfs rw\n", {}, quota=None),
}  # fmt: skip
