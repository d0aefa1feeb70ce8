"""The sentences of a Markdown page: what a reader reads as prose, without code, tables, headings and citations."""

from __future__ import annotations

import re
from collections.abc import Iterator

FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
#: Markdown that wraps blocks: MyST's ``:::{note}`` and the options of a directive.
MARKUP = re.compile(r"^\s*(:{3,}.*|:[\w-]+:.*)$")
ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
HEADING = re.compile(r"^#{1,6}\s+(?P<title>.*)")
#: Sections that list citations, which are no sentences.
CITATIONS = {"Sources"}
#: Stand for what is no word of the page's own: in capitals, so that a block of nothing else is no sentence.
CODE, LINK = "CODE", "LINK"
#: A full stop that ends no sentence: of an initial, an abbreviation, or an ellipsis.
ABBREVIATION = re.compile(r"(?:\b[A-Z]|\b(?:e\.g|i\.e|vs|cf|al)|\.\.)\.$")
END = re.compile(r"(?<=[.!?])\s+|(?<=[.!?][\"')\]])\s+")


def sentences(markdown: str) -> list[str]:
    """The page's sentences in order; an item of a list, and a paragraph, end one."""
    return [one for block in blocks(markdown) for one in _split(block) if re.search(r"[a-z]", one)]


def words(sentence: str) -> int:
    """How many words a sentence has: a number is one, and so is inline code."""
    return sum(any(letter.isalnum() for letter in word) for word in sentence.split())


def blocks(markdown: str) -> list[str]:
    """The paragraphs and items of lists, each on one line, with links and code reduced to words."""
    found: list[list[str]] = [[]]
    for line in _prose_lines(markdown):
        if not line.strip() or ITEM.match(line):
            found.append([])
        found[-1].append(ITEM.sub("", line).strip())
    return [text for lines in found if (text := _plain(" ".join(lines)).strip())]


def _prose_lines(markdown: str) -> Iterator[str]:
    """The page's lines, an empty one in place of each that is not prose."""
    fence, cited = "", False
    for line in re.sub(r"<!--.*?-->", "", markdown, flags=re.DOTALL).splitlines():
        opened = FENCE.match(line)
        if fence:
            fence = "" if opened and opened[1].startswith(fence) else fence
            yield ""
        elif opened:
            fence = opened[1]
            yield ""
        elif heading := HEADING.match(line):
            cited = heading["title"].strip() in CITATIONS
            yield ""
        else:
            yield "" if cited or MARKUP.match(line) or line.lstrip().startswith(("|", ">")) else line


def _plain(text: str) -> str:
    text = re.sub(r"(`+).+?\1", CODE, text)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[\s*\]\([^)]*\)", LINK, text)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\*+|(?<!\w)_|_(?!\w)|</?\w[^>]*>", "", text)


def _split(block: str) -> Iterator[str]:
    """A paragraph's sentences: the parts between ends, rejoined where an abbreviation's full stop ended none."""
    begun = ""
    for part in END.split(block):
        begun = f"{begun} {part}".strip()
        if not ABBREVIATION.search(begun):
            yield begun
            begun = ""
    if begun:
        yield begun
