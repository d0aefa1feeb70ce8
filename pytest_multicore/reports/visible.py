"""Text from tests and machines, fit to be read: what would steer a reader's eye or terminal is shown as its code."""

from __future__ import annotations

import unicodedata

#: Line feed and tab lay text out. Two joiners belong to words and emoji.
HARMLESS = frozenset("\n\t\u200c\u200d")
#: Control characters, format characters (as right-to-left marks), surrogates, line and paragraph separators.
CODED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    r"""The text; a control character becomes its code, as ``\x1b`` for the escape that begins a terminal's colour."""
    return "".join(map(_shown, text)) if any(map(_is_coded, text)) else text


def visible_line(text: str) -> str:
    """The text in one line: what begins a line may be a command of a CI's log."""
    return visible(text).replace("\n", r"\n")


def _shown(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii") if _is_coded(character) else character


def _is_coded(character: str) -> bool:
    return unicodedata.category(character) in CODED_CATEGORIES and character not in HARMLESS
