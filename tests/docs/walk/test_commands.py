"""Every command of README and the docs is walked or named as left out, and exists."""

from __future__ import annotations

import re
import shlex

import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.environments.catalogue import SHIPPED_ENVIRONMENTS
from pytest_multicore.settings.options import OPTIONS

from .commands import OTHER_SHELLS, Command, File, commands_of, fences, pages, steps
from .shown import crowded, left_open, missing
from .table import LEFT_OUT, WALKS

PAGES = pages()
COMMANDS = {page: [command.text for command in commands_of(text)] for page, text in PAGES.items()}
TYPED = sorted({text for page in COMMANDS.values() for text in page})


def test_every_command_is_walked_or_named_as_left_out() -> None:
    pages_not_walked = COMMANDS.keys() - WALKS
    neither = [
        f"{page}: {text}" for page in pages_not_walked for text in COMMANDS[page] if text not in LEFT_OUT.get(page, {})
    ]
    assert neither == [], "give its page a row of WALKS, or the command a reason in LEFT_OUT"


def test_the_tables_name_nothing_that_is_no_more() -> None:
    for page, reasons in LEFT_OUT.items():
        assert reasons.keys() <= set(COMMANDS[page]), page
        assert all(len(reason) > 20 for reason in reasons.values())
    for page, walk in WALKS.items():
        walked = set(COMMANDS[page]) - LEFT_OUT.get(page, {}).keys()
        assert walked, f"{page} has no command to walk"
        assert {*walk.statuses, *walk.written_before} <= walked, page


def test_pages_say_what_their_walks_install() -> None:
    for page, walk in WALKS.items():
        for package in walk.installed:
            name = re.sub(r"^pytest-multicore(\[(\w+)\])?$", r"\2", package)
            assert name in PAGES[page], f"{page} does not say that it needs {package}"


def test_all_commands_stand_in_blocks_of_one_language() -> None:
    languages = {(page, fence.language) for page, text in PAGES.items() for fence in fences(text)}
    assert len(languages) > 40, "the search finds next to nothing"
    assert [one for one in languages if one[1] in OTHER_SHELLS] == []
    assert sum(map(len, COMMANDS.values())) > 50


@pytest.mark.parametrize("command", TYPED)
def test_its_options_and_commands_exist(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert set(re.findall(r"--multicore-[a-z-]+", command)) <= {option.flag for option in OPTIONS}
    for name in re.findall(r"-m pytest_multicore (\w+)", command):
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0
        known = capsys.readouterr().out
        assert [one for one in options_of(command) if one not in known] == []


@pytest.mark.parametrize("page", WALKS)
def test_environments_and_files_stand_above_the_commands_that_name_them(page: str) -> None:
    walk = WALKS[page]
    known, files = set(SHIPPED_ENVIRONMENTS), set(walk.brought)
    for step in steps(PAGES[page]):
        if isinstance(step, File):
            known |= set(re.findall(r"environments\.(\S+)\]", step.content))
            files.add(step.name)
        else:
            for names in re.findall(r"--multicore-environment=(\S+)", step.text):
                assert set(names.split(",")) <= known, step.text
            assert set(re.findall(r"\btest_\w+\.py\b", step.text)) <= files, step.text


def options_of(command: str) -> list[str]:
    """The options behind the command's name."""
    _, _, behind = command.partition("-m pytest_multicore ")
    return [word.partition("=")[0] for word in shlex.split(behind) if re.match(r"--?[a-z]", word)]


# -- the walk's own parts ---------------------------------------------------------------------------------------------

PAGE = """
# A page

```python
# test_a.py
def test_a(): ...
```

```console
$ pytest test_a.py  # takes a while
1 passed
$ pytest
```

```text
2 passed in 0.1 s
```

```python
no_file = True
```

## Elsewhere

```text
not its output
```
"""


def test_a_page_is_files_and_commands_with_their_output() -> None:
    assert steps(PAGE) == [
        File("test_a.py", "# test_a.py\ndef test_a(): ...\n"),
        Command("pytest test_a.py", ("1 passed",)),
        Command("pytest", ("2 passed in 0.1 s",)),
    ]


SHOWN = [
    "test         environment  threads  busy  outcome",
    "test_square  current      2 vs 1   1.98  passed",
    "  limit    min_speedup=1.3; measured 0.99x [0.88, 1.10]",
    "  why      the pool of openblas has 2 threads before the region, 1 in it: lowered at",
    "           square.py:6",
    "  note     CPU priority: raised (nice -20)",
]
PRINTED = """
test         environment  threads  busy  outcome
test_square  current      4 vs 1   3.1   passed
E         limit    min_speedup=1.3; measured 1.02x [?, 1.2]
E         why      the pool of openblas has 8 threads before
E                  the region, 1 in it: lowered at square.py:6
"""


def test_figures_folding_and_priority_do_not_matter() -> None:
    assert missing(SHOWN, PRINTED) == []


@pytest.mark.parametrize(
    ("printed", "lacking"),
    [
        (PRINTED.replace("passed", "failed"), "test_square  current      2 vs 1   1.98  passed"),
        (PRINTED.replace("environment ", "where "), "test         environment  threads  busy  outcome"),
        (PRINTED.replace("min_speedup", "min_cores"), "  limit    min_speedup=1.3; measured 0.99x [0.88, 1.10]"),
    ],
)
def test_another_word_does(printed: str, lacking: str) -> None:
    assert missing(SHOWN, printed) == [lacking]


def test_a_line_out_of_order_is_missing() -> None:
    assert missing(["first is there", "second is, too"], "second is, too\nfirst is there") == ["second is, too"]


def test_a_question_left_open_is_told_apart() -> None:
    assert left_open(SHOWN, PRINTED.replace("passed", "inconclusive")) == "inconclusive"
    assert left_open(["test_a  current  2  -  inconclusive"], "test_a  current  2  -  inconclusive") == ""


def test_a_machine_that_does_not_give_its_cores_is_told() -> None:
    note = "note: attained: 2 cores do the work of less than 1.7 here just now, by a compute loop that shares nothing"
    assert crowded(f"1 passed\n{note}") == "note: attained: 2 cores do the work of less than"
    assert crowded(note.replace("note: ", "note: test_a, test_b[1]: dot on numpy: ")) != ""
    assert crowded("note: CPU priority: raised (nice -20)") == ""
