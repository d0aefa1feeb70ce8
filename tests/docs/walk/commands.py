"""What a page has its reader do, from top to bottom: the files to write, and the commands to type with their output."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import ROOT

#: The languages of fenced blocks whose lines behind a ``$`` are typed.
CONSOLE = "console"
#: Those that would hold commands too, had this project not chosen one.
OTHER_SHELLS = {"bash", "sh", "shell", "shell-session", "zsh", "powershell", "bat"}
PROMPT = "$ "
#: A whole file says its name in its first line.
NAMED_FILE = re.compile(r"# (?:\S* of )?([\w./-]*\w\.(?:py|toml|ini|json))\n")


@dataclass(frozen=True)
class File:
    """A file that the reader writes."""

    name: str
    content: str


@dataclass(frozen=True)
class Command:
    """A command that the reader types, and the lines that the page shows as its output; none where it shows none."""

    text: str
    shown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fence:
    """A fenced block: its language, its lines, and whether a heading stands between it and the block before."""

    language: str
    content: str
    after_heading: bool


def fences(markdown: str) -> Iterator[Fence]:
    """The fenced blocks of a page, in their order; a fence of four or more may hold one of three."""
    language, closing, after_heading = "", "", False
    lines: list[str] = []
    for line in markdown.splitlines(keepends=True):
        if closing:
            if line.strip() == closing:
                yield Fence(language, "".join(lines), after_heading)
                closing, after_heading = "", False
            else:
                lines.append(line)
        elif opened := re.match(r" *(`{3,}|~{3,}) *(\S*)", line):
            closing, language, lines = opened[1], opened[2], []
        elif line.startswith("#"):
            after_heading = True


def steps(markdown: str) -> list[File | Command]:
    """The files and the commands of a page. A block of text belongs to the last command of its section."""
    found: list[File | Command] = []
    for fence in fences(markdown):
        last = found[-1] if found else None
        if fence.language == CONSOLE:
            found += typed(fence.content)
        elif fence.language == "text":
            if isinstance(last, Command) and not last.shown and not fence.after_heading:
                found[-1] = Command(last.text, tuple(fence.content.splitlines()))
        elif named := NAMED_FILE.match(fence.content):
            found.append(File(named[1], fence.content))
    return found


def typed(content: str) -> Iterator[Command]:
    """The commands of a console's block; what stands below one is its output."""
    for part in re.split(rf"^{re.escape(PROMPT)}", content, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield Command(re.sub(r"\s{2,}# .*", "", command).strip(), tuple(shown))


def pages(root: Path = ROOT) -> dict[str, str]:
    """The text of README, of the docs' pages, and of what these include from beside them, by path."""
    files = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    found = {file: file.read_text(encoding="utf-8") for file in files if "_build" not in file.parts}
    for file, text in list(found.items()):
        for included in re.findall(r"^```\{include\} (\S+)", text, re.MULTILINE):
            path = (file.parent / included).resolve()
            found.setdefault(path, path.read_text(encoding="utf-8"))
    return {str(file.relative_to(root)): text for file, text in found.items()}


def commands_of(markdown: str) -> list[Command]:
    """The commands of a page."""
    return [step for step in steps(markdown) if isinstance(step, Command)]
