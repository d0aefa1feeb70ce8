"""Whether a command printed what its page shows: the same words in the same order, whatever the figures are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

#: How a measurement's row ends.
OUTCOMES = {"passed", "failed", "measured", "inconclusive"}
#: What is printed where the machine has left a question open.
OPEN = re.compile(
    r"inconclusive\b|not proven|no cause was found|could decide it|: undecided|not excluded|beyond the intervals",
    re.MULTILINE,
)
#: What is printed where the machine gives less than its cores: figures that lie apart elsewhere may meet there.
CROWDED = re.compile(r"^note: (?:.*: )?attained: \d+ cores do the work of less than ", re.MULTILINE)
#: What a machine and its load decide, and no page: it may be printed or not.
BY_CHANCE = (
    *(r"^\s*note:? .*", r"^warning: .*", r"^\s*(?:machine|profile|also)  .*", r"^[= ]+multicore [= ]+$"),
    *(r" in [\d.]+ s with set-up", r"^\.\.\.$", r"\.{3} *$"),
)
#: What stands for any figure, and what figures are, with the unit that they are told in.
FIGURE = "#"
FIGURES = (
    (r"\b(?=\w*\d)[0-9a-f]{7}\b", FIGURE),
    (r"[-+]?\d[\d.,:]*(?:-\d\d)*(?:\.dev\d*)?(?<![.,:])", FIGURE),
    (r"\[\?, (?:\?|#)\]|\[#, \?\]", "[#, #]"),
    (r"# [mu]?s\b", "# s"),
    (r"-{9,}", FIGURE),
)


def shape(text: str) -> str:
    """A text with any figure in the place of its own, its lines joined, and pytest's margin of failures left out."""
    text = re.sub(r"^E +", "", text, flags=re.MULTILINE)
    for pattern, instead in FIGURES:
        text = re.sub(pattern, instead, text)
    return " ".join(text.split())


def missing(shown: Sequence[str], output: str, by_chance: Sequence[str] = ()) -> list[str]:
    """The lines shown that the output lacks, or has in another order.

    Args:
        shown: the lines of a page's block.
        output: all that the command printed.
        by_chance: regular expressions of what more of the lines shown need not be printed.
    """
    printed, position, lacking = shape(output), 0, []
    for line in joined(shown):
        if row := row_pattern(line):
            if not re.search(row, output, re.MULTILINE):
                lacking.append(line)
            continue
        parts = [shape(part) for part in re.split("|".join(f"(?:{one})" for one in (*BY_CHANCE, *by_chance)), line)]
        found = re.compile(".*?".join(re.escape(part) for part in parts if part)).search(printed, position)
        if found is None:
            lacking.append(line)
        else:
            position = found.end()
    return lacking


def joined(shown: Sequence[str]) -> Iterator[str]:
    """The lines shown, each with the lines that continue it: they are indented by more than a heading's width."""
    return iter(re.sub(r"\n {9,}(?=\S)", " ", "\n".join(line for line in shown if line.strip())).splitlines())


def row_pattern(line: str) -> str | None:
    """A regular expression of a measurement's row by its names and its outcome; None for any other line."""
    cells = re.split(r" {2,}", line.strip())
    if len(cells) < 5 or cells[-1] not in OUTCOMES:
        return None
    return rf"^{re.escape(cells[0])} +{re.escape(cells[1])} .* {cells[-1]}$"


def expected_status(shown: Sequence[str]) -> int:
    """The exit status of a command by what it prints: that of a failure where it tells of one."""
    return int(any(line.endswith(" missed") or line.startswith("ERROR: ") for line in shown))


def left_open(shown: Sequence[str], output: str) -> str:
    """The first words by which the output leaves open what the page shows answered; none where it does not."""
    words = {found[0].strip() for found in OPEN.finditer(output)} - {
        found[0].strip() for found in OPEN.finditer("\n".join(shown))
    }
    return min(words, default="")


def crowded(output: str) -> str:
    """The note by which the output tells that the machine did not give its cores; none where it did."""
    found = CROWDED.search(output)
    return found[0].strip() if found else ""
