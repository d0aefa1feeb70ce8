"""Names of modules, classes and constants are of things: no past participle and no adverb stands for one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_house import HOUSE

#: They end like a participle or an adverb, and are none.
NOUNS = {"seed", "speed", "feed", "need", "family", "supply", "reply", "assembly", "anomaly", "tally"}
#: Participles and adverbs that do not end in -ed or -ly.
OTHERS = {
    *("gone", "known", "given", "taken", "found", "told", "kept", "lost", "held", "left", "made", "seen", "shown"),
    *("sent", "written", "driven", "chosen", "begun", "done", "built", "bound", "meant"),
    *("always", "never", "often", "here", "there", "later", "nearly", "hardly", "much", "most", "least", "many"),
}
#: How the names of limits begin: what follows is counted, so that the noun may stand before its participle.
LIMITS = ("MAX_", "MIN_")


def words_of(name: str) -> list[str]:
    """The words of a name, in small letters."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def names_nothing(name: str) -> bool:
    """Whether a name ends with a participle or an adverb: then the thing is missing."""
    last = words_of(name)[-1]
    return not name.startswith(LIMITS) and last not in NOUNS and (last in OTHERS or last.endswith(("ed", "ly")))


def names_in(file: Path) -> Iterator[str]:
    """The module's name, its classes', and its constants'. Errors are called by what happened, as LimitMissed."""
    yield file.stem
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        bases = " ".join(map(ast.unparse, node.bases)) if isinstance(node, ast.ClassDef) else ""
        if isinstance(node, ast.ClassDef) and not re.search(r"(Error|Exception|Unfit|Unavailable)\b", bases):
            yield node.name
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
            yield from (name for name in names if name.isupper())


def test_each_name_is_of_a_thing() -> None:
    names = {(str(file.relative_to(HOUSE)), name) for file in HOUSE.rglob("*.py") for name in names_in(file)}
    assert len(names) > 1000, "the search finds next to nothing"
    assert sorted((file, name) for file, name in names if words_of(name) and names_nothing(name)) == []


@pytest.mark.parametrize(
    ("name", "is_found"),
    [
        ("HARDLY_ALL", False),
        ("NEARLY", True),
        ("KnownFunction", False),
        ("Known", True),
        ("_Found", True),
        ("attained", True),
        ("attained_speedup", False),
        ("CORE_SPEED", False),
        ("MAX_POOLS_TRIED", False),
    ],
)
def test_a_participle_or_an_adverb_alone_would_be_found(name: str, is_found: bool) -> None:
    assert names_nothing(name) is is_found
