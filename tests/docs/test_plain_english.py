"""The docs are for strangers: short sentences, no private words, and a first sentence that says what a page is for."""

import math
import re
import statistics
from pathlib import Path

import pytest

from .prose import blocks, sentences, words

ROOT = Path(__file__).parents[2]

#: Words of a sentence: half of a page's have fewer than this, nine of ten fewer than that.
MEDIAN, NINE_OF_TEN = 15, 28
#: The longest sentences that a failure shows.
SHOWN = 5

#: What only the authors say, and what a reader would say.
PRIVATE = {
    r"whom": "name who or what it is",
    r"nobody|nobody's": "no other process, no one, or name it",
    r"beside (?:a )?neighbours?": "next to another busy process",
    r"(?:is|are|was|were|be) told(?! (?:not to|to|apart|from)\b)": "is reported, is known",
    r"full pace": "nominal speed",
    r"unseen neighbours?": "load that cannot be attributed",
    r"foremost": "in the real-time class",
    r"unhurried|undivided|unhindered": "say without what",
}


def pages(root: Path = ROOT) -> list[Path]:
    """README, what the docs include from beside it, and the docs' own pages."""
    return sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])


def names(file: Path) -> str:
    return str(file.relative_to(ROOT))


def too_long(markdown: str) -> str:
    """What is wrong with a page's sentences, with the longest of them; empty where nothing is."""
    lengths = sorted((words(one), one) for one in sentences(markdown))
    if not lengths:
        return ""  # it includes another page, which is looked at by itself
    median = statistics.median(length for length, _ in lengths)
    ninth = lengths[math.ceil(0.9 * len(lengths)) - 1][0]
    if median < MEDIAN and ninth < NINE_OF_TEN:
        return ""
    longest = "\n".join(f"  {length} words: {one}" for length, one in lengths[: -SHOWN - 1 : -1])
    return (
        f"{len(lengths)} sentences: median {median:g} words (expected under {MEDIAN}), nine of ten have up to {ninth} "
        f"(expected under {NINE_OF_TEN}); the longest:\n{longest}"
    )


def private_words(markdown: str) -> list[str]:
    """The sentences that use a private word, each with what to say in its place."""
    return [
        f"{match[0]!r} ({instead}): {one}"
        for one in sentences(markdown)
        for word, instead in PRIVATE.items()
        if (match := re.search(rf"\b(?:{word})\b", one, re.IGNORECASE))
    ]


def test_the_search_finds_the_docs() -> None:
    found = {names(file) for file in pages()}
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/reference/glossary.md"} <= found
    assert len(found) > 20, "the search finds next to nothing"
    assert sum(len(sentences(file.read_text(encoding="utf-8"))) > 3 for file in pages()) > 15, "no page has a text"


@pytest.mark.parametrize("file", pages(), ids=names)
def test_sentences_are_short(file: Path) -> None:
    wrong = too_long(file.read_text(encoding="utf-8"))
    assert not wrong, f"{names(file)}: {wrong}"


@pytest.mark.parametrize("file", pages(), ids=names)
def test_no_private_words(file: Path) -> None:
    found = private_words(file.read_text(encoding="utf-8"))
    assert not found, "\n".join([f"{names(file)}:", *found])


@pytest.mark.parametrize("file", pages(), ids=names)
def test_a_page_begins_with_what_it_is_for(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    if not blocks(text):
        return  # it includes another page
    body = re.sub(
        r"<!--.*?-->|^#[^\n]*|\[?!\[[^\]]*\]\([^)]*\)(\]\([^)]*\))?", "", text, flags=re.DOTALL | re.MULTILINE
    )
    assert re.match(r"\s*[\w*\[\"`]", body), f"{names(file)} begins with {body.lstrip()[:60]!r}, not with a sentence"
    first = sentences(text)[0]
    assert first.endswith((".", "?")), f"{names(file)} begins with {first!r}, no whole sentence"


#: Markdown, and its sentences.
CASES = [
    ("# A title\n\nOne.  Two, three.\n", ["One.", "Two, three."]),
    ("It ends\nhere. See [the\npage](a.md).\n", ["It ends here.", "See the page."]),
    ("```python\nx = 1. Really.\n```\n\n~~~\nno\n~~~\nYes.\n", ["Yes."]),
    ("````\n```\nNo.\n```\nNo.\n````\nYes.\n", ["Yes."]),
    ("| a | long table |\n| --- | --- |\n\n> a quoted formula\n\n<!-- a comment. -->\n", []),
    (
        "It has:\n\n- a thing\n- another,\n  on two lines\n1. a third\n",
        ["It has:", "a thing", "another, on two lines", "a third"],
    ),
    ("Set `a.b`. **Then** `run.sh` it.\n\n[](a.md)\n\n`code`\n", ["Set CODE.", "Then CODE it."]),
    (
        "By J. Ville, e.g. Numbers do. So (indeed.) pip has 1, 2 ... all.\n",
        ["By J. Ville, e.g. Numbers do.", "So (indeed.)", "pip has 1, 2 ... all."],
    ),
    (":::{note}\n:class: x\nMind this.\n:::\n", ["Mind this."]),
    ("Text.\n\n## Sources\n\n- A. Author, 2020.\n\n## After\n\nMore.\n", ["Text.", "More."]),
]


@pytest.mark.parametrize(("markdown", "found"), CASES)
def test_sentences_of_markdown(markdown: str, found: list[str]) -> None:
    assert sentences(markdown) == found


def test_words_are_counted() -> None:
    assert words("It takes 1.5 s - CODE and 5 % more, or-so.") == 9


def test_long_sentences_are_found() -> None:
    short, long = "A few words. ", f"{'word ' * 40}end. "
    assert too_long(short * 20 + long) == ""
    assert "41 words: word word" in too_long((short * 7 + long) * 2), "one of eight is too many"
    assert "median 15 words" in too_long(f"{'word ' * 14}end. " * 3)


def test_private_words_are_found() -> None:
    assert "no other process" in private_words("Nobody waits. Somebody does.")[0]
    assert private_words("It is told to wait; `nobody` is code. It is reported.") == []
    assert len(private_words("What is told here. A process whom we know.")) == 2
