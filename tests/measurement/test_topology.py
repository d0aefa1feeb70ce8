"""Where the granted CPUs lie, by folders as Linux fills them."""

from pathlib import Path

import pytest

from pytest_multicore.measurement.topology import cpu_list, topology


def system(folder: Path, siblings: dict[int, str], nodes: dict[int, str]) -> Path:
    for cpu, threads in siblings.items():
        (folder / "cpu" / f"cpu{cpu}" / "topology").mkdir(parents=True)
        (folder / "cpu" / f"cpu{cpu}" / "topology" / "thread_siblings_list").write_text(f"{threads}\n")
    for node, cpus in nodes.items():
        (folder / "node" / f"node{node}").mkdir(parents=True)
        (folder / "node" / f"node{node}" / "cpulist").write_text(f"{cpus}\n")
    return folder


def test_hardware_threads_of_one_core_and_nodes(tmp_path: Path) -> None:
    folder = system(tmp_path, {0: "0,4", 4: "0,4", 1: "1,5", 5: "1,5"}, {0: "0,4", 1: "1,5", 2: ""})
    lie = topology([0, 1, 4], folder)
    assert lie.cores == ((0, 4), (1,))
    assert lie.shared_cores == ((0, 4),)
    assert lie.nodes == {0: (0, 4), 1: (1,)}


def test_ranges_are_read(tmp_path: Path) -> None:
    lie = topology(range(8), system(tmp_path, {cpu: str(cpu) for cpu in range(8)}, {0: "0-3,8-11", 1: "4-7"}))
    assert lie.shared_cores == ()
    assert lie.nodes == {0: (0, 1, 2, 3), 1: (4, 5, 6, 7)}


def test_a_system_that_does_not_say(tmp_path: Path) -> None:
    lie = topology([0, 1], tmp_path)
    assert (lie.cores, lie.shared_cores, lie.nodes) == ((), (), {})
    assert topology([0, 9], system(tmp_path, {0: "0-1"}, {})).cores == (), (
        "of one CPU it does, of the other it does not"
    )


@pytest.mark.parametrize(("cpus", "text"), [([0, 1, 2, 3], "0-3"), ([0, 2], "0,2"), ([8, 0, 1], "0-1,8"), ([], "")])
def test_a_list_of_cpus(cpus: list[int], text: str) -> None:
    assert cpu_list(cpus) == text
