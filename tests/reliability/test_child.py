"""Whatever a test does to its interpreter is one clear error or nothing; the next one is measured as if it were not."""

import re
import shutil
from pathlib import Path

import pytest

from tests.reliability import child_tools
from tests.reliability.sessions import report, session, wait_until_nothing_is_left

MISBEHAVING = [Path(__file__).with_name(f"{kind}_child_tests.py") for kind in ("passing", "failing")]
NEXT = "\n\n@brief\ndef test_next():\n    work()\n"
CLOSED = "ended by itself with exit status 88: the measured code closed descriptors that it had not opened"
#: No machine does the work of these tests in less.
SHORTEST_S = 1e-5
#: What the errors of those that do not pass say.
SAYS = {
    "segfault": "was ended by SIGSEGV",
    "abort": "was ended by SIGABRT",
    "overflow": "was ended by SIGSEGV",
    "memory_of_a_group": "was ended by SIGKILL",
    "exit_in_a_thread": "ended by itself with exit status 9",
    "exit_by_faulthandler": "ended by itself with exit status 1",
    "closed_with_the_log": CLOSED,
    "time_of_a_process": "was ended by SIGXCPU",
    "closed": CLOSED,
    "memory_of_a_process": "MemoryError",
    "patched_for_good": "replaced by the test",
    "stopped": "It was stopped, by SIGSTOP",
    "deadlock": "gave no answer within 30 s",
}
#: Skipped where the system does not permit what they do, with a reason that says so.
MAY_BE_SKIPPED = {"memory_of_a_group": "no control group with a memory limit can be made here"}


def sources() -> dict[str, str]:
    """A module for each test that misbehaves, by its name, with one behind it that behaves."""
    found: dict[str, str] = {}
    for file in MISBEHAVING:
        head, *tests = re.split(r"(?=^@brief)", file.read_text(), flags=re.MULTILINE)
        found |= {
            name: head + test + NEXT for test in tests for name in re.findall(r"^def test_(\w+)", test, re.MULTILINE)
        }
    return found


SOURCES = sources()


def test_each_that_does_not_pass_has_its_error() -> None:
    passing = [name for name in SOURCES if name.startswith("passed_")]
    assert len(passing) > 15, "the search finds nothing at all"
    assert {*passing, *SAYS} == set(SOURCES)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SOURCES)
def test_each_is_one_error_or_nothing_and_the_next_is_measured(tmp_path: Path, name: str) -> None:
    startup, started = tmp_path / "startup.py", tmp_path / "started"
    startup.write_text(f"open({str(started)!r}, 'w')")
    shutil.copy(child_tools.__file__, tmp_path)
    options = ["--multicore-json=r.json", "--multicore-budget=20", "-rA"]
    with session(tmp_path, SOURCES[name], *options, PYTHONSTARTUP=str(startup)) as process:
        output, _ = process.communicate(timeout=240)
    wait_until_nothing_is_left(tmp_path)
    assert not started.exists(), "PYTHONSTARTUP is for those who type"
    for group in Path("/sys/fs/cgroup").glob("**/test-of-memory-*"):
        group.rmdir()
    results = report(tmp_path / "r.json")["results"]
    outcomes = {one["nodeid"].partition("::")[2]: one["outcome"] for one in results}
    assert outcomes["test_next"] == "passed", output
    if skipped := re.search(r"^SKIPPED .*?: (.*)", output, re.MULTILINE):
        assert re.search(MAY_BE_SKIPPED.get(name, "could not import"), skipped[1]), output
        pytest.skip(skipped[1])
    if name.startswith("passed_"):
        assert outcomes[f"test_{name}"] == "passed", output
        assert all(one["wall_s"] > SHORTEST_S for result in results for one in result["rounds"]), "no real clock"
        return
    section = re.search(rf"^_+ test_{name} _+$(.*?)^(?:__+ |==+ )", output, re.MULTILINE | re.DOTALL)
    assert section, f"it did not fail\n{output}"
    assert SAYS[name] in section[1], output
    assert f"ERROR test_it.py::test_{name}" not in output
