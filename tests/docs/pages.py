"""The pages of docs/ as a test reads them: sections, code blocks, rows of tables."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

#: Stands in a page for what differs from case to case.
ANYTHING = "…"


def text_of(name: str) -> str:
    """The text of a page, ``how-to/ci`` say."""
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def code_blocks(markdown: str, language: str) -> list[str]:
    """The contents of the fenced blocks in a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)


def sections(markdown: str, level: int = 2) -> dict[str, str]:
    """The texts under the headings of a level, by heading."""
    parts = re.split(rf"^{'#' * level} (.+)$", markdown, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows_of(markdown: str) -> list[list[str]]:
    """The cells of all tables' rows, headings too, rules left out."""
    lines = [line for line in markdown.splitlines() if line.startswith("|") and not set(line) <= set("|- ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def says(message: str, template: str) -> bool:
    """Whether a message is made from a template, in which ``…`` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in template.strip().split(ANYTHING))
    return re.search(pattern, message, re.DOTALL) is not None
