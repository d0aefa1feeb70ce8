"""The doctor's page lists each finding by its key, and quotes lines as this version writes them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pytest_multicore.diagnosis import findings
from pytest_multicore.diagnosis.findings.machine import PERMISSION_LOSSES

from .pages import code_blocks, rows_of, sections, text_of

PAGE = text_of("how-to/doctor")


def keys_in_code() -> Iterator[str]:
    """The key of each ``Finding(...)`` and ``_finding(environment, ...)``, where it is written out."""
    for file in Path(findings.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = {"Finding": 0, "_finding": 1}.get(node.func.id)
                if place is not None and isinstance(key := node.args[place], ast.Constant):
                    yield str(key.value)
    yield from (f"no-{name.replace('_', '-')}" for name in PERMISSION_LOSSES)


def test_each_finding_is_listed_and_no_other() -> None:
    listed = {
        key for row in rows_of(sections(PAGE)["What could bite"])[1:] for key in re.findall(r"`([a-z-]+)`", row[0])
    }
    assert len(listed) > 15
    assert listed == set(keys_in_code())


def test_the_output_is_as_wide_as_a_terminal_and_complete() -> None:
    (output,) = code_blocks(PAGE, "text")
    lines = output.splitlines()
    assert max(map(len, lines)) <= 80
    heads = ("machine: ", "grants: ", "lie on: ", "attains: ", "permits: ", "counters: ", "environment current: ")
    for head in (*heads, "what could bite: "):
        assert sum(line.startswith(head) for line in lines) == 1, head
