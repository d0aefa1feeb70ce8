"""An interpreter on chosen CPUs: it and what it starts see no others, and this process keeps its own."""

import os
import sys
from pathlib import Path

import pytest

from pytest_multicore.errors import UsageError
from pytest_multicore.interpreters import affinity
from pytest_multicore.interpreters.affinity import check_affinity, started_on
from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.process import IsolatedInterpreter

needs_affinity = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity masks")
CHILDREN = """
import os, subprocess, sys
def seen():
    of_child = subprocess.check_output([sys.executable, "-c", "import os; print(sorted(os.sched_getaffinity(0)))"])
    return [sorted(os.sched_getaffinity(0)), eval(of_child)]
"""


@needs_affinity
def test_the_interpreter_and_its_children_start_on_these_cpus(tmp_path: Path) -> None:
    (tmp_path / "children.py").write_text(CHILDREN)
    before = os.sched_getaffinity(0)
    last = max(before)
    with IsolatedInterpreter(Launch([sys.executable], {**os.environ}, tmp_path, cpus=(last,))) as interpreter:
        assert interpreter.hello["affinity"] == [last], "before anything is imported"
        asked = {"target": f"{tmp_path}/children.py:seen", "arguments": {}, "path": []}
        assert interpreter.ask("call", "result", 60.0, **asked)["value"] == [[last], [last]]
    assert os.sched_getaffinity(0) == before


@needs_affinity
def test_this_process_has_its_own_again_where_nothing_could_be_started() -> None:
    before = os.sched_getaffinity(0)
    with pytest.raises(OSError, match="no memory"), started_on((min(before),)):
        raise OSError("no memory")
    assert os.sched_getaffinity(0) == before


def test_a_system_without_affinity_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affinity, "HAS_AFFINITY", False)
    with pytest.raises(UsageError, match=r'vary="cores": .*no os.sched_setaffinity.*expected vary="threads"'):
        check_affinity()
