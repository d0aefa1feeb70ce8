"""Each fault that the page tells has a test of that name."""

import ast

from .pages import ROOT, rows_of, text_of


def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test")}


def test_every_fault_has_a_test_that_is_there() -> None:
    rows = [row for row in rows_of(text_of("explanation/reliability")) if row[0] != "fault"]
    assert len(rows) > 5, "the search finds nothing at all"
    for fault, seen, test in rows:
        assert seen, fault
        check_tests(test, fault)


def test_what_is_said_of_platforms_has_a_test_that_is_there() -> None:
    rows = [row for row in rows_of(text_of("explanation/safety")) if "::test_" in row[-1]]
    assert len(rows) > 8, "the search finds nothing at all"
    for what, *_, test in rows:
        check_tests(test, what)


def check_tests(cell: str, of: str) -> None:
    for one in cell.split(","):
        file, _, name = one.strip(" `").partition("::")
        assert name in names_in(file), of
