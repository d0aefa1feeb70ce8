"""Text from tests and machines, fit to be read: what would steer a reader's eye or terminal is shown as its code."""

from __future__ import annotations

import re
import unicodedata

#: Line feed and tab lay text out. Two joiners belong to words and emoji.
HARMLESS = frozenset("\n\t\u200c\u200d")
#: Control characters, format characters (as right-to-left marks), surrogates, line and paragraph separators.
CODED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
#: Characters of no category of these that XML cannot hold: JUnit's file and drawings are such.
NO_XML = frozenset("\ufffe\uffff")
#: What the log of GitHub's runner obeys (actions/runner, ActionCommand.cs): ``::`` where a line begins, blanks aside,
#: and ``##[`` anywhere.
LOG_COMMANDS = re.compile(r"^[^\S\n]*:(?=:)|#(?=#\[)", re.MULTILINE)


def visible(text: str) -> str:
    r"""The text; a control character becomes its code, as ``\x1b`` for the escape that begins a terminal's colour."""
    return "".join(map(_shown, text)) if any(map(_is_coded, text)) else text


def visible_lines(text: str) -> str:
    """The text for a terminal, which may be a CI's log: a command of that has a code in it, and is none."""
    return LOG_COMMANDS.sub(lambda match: f"{match[0][:-1]}\\x{ord(match[0][-1]):x}", visible(text))


def visible_line(text: str) -> str:
    """The same in one line."""
    return visible_lines(text.replace("\n", r"\n"))


def _shown(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii") if _is_coded(character) else character


def _is_coded(character: str) -> bool:
    coded = character in NO_XML or unicodedata.category(character) in CODED_CATEGORIES
    return coded and character not in HARMLESS
