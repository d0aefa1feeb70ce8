"""Text from tests and reports, made safe for where it is shown: it may hold anything, and a report may be a stranger's.

The rules of each place: docs.github.com, "Workflow commands for GitHub Actions", and actions/toolkit,
packages/core/src/command.ts; the specification of GitHub Flavored Markdown; ECMA-48 for terminals.
"""

from __future__ import annotations

import re
import unicodedata

#: What a terminal obeys: CSI (colours, cursor), OSC (titles, links, clipboard) and other strings, then lone escapes.
TERMINAL_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"
    r"|\x1b[ -/]*[0-~]"
)
#: Control, format and private characters, and halves of a pair: they hide or turn text, or cannot be written as UTF-8.
DROP_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
#: What Markdown or HTML gives a meaning. An entity never has one, and no table is split at it.
MARKDOWN = re.compile(r"[&<>`*\[\]~|\\$#@]|(?<![^\W_])_|_(?![^\W_])|(?i:https?|ftp|mailto|xmpp):|(?i:www)\.")
#: GitHub makes links and notifications of these in text that was made HTML already; a comment in it breaks them.
REFERENCES = re.compile(r"(?i)&#(?:64|35);|\bgh-(?=\d)|\b(?:https?|ftp|mailto|xmpp)&#58;|\bwww&#46;")
BREAK = "<!-- -->"


def plain(text: object, *, lines: bool = False) -> str:
    """Text without what a terminal obeys and without hidden characters, in one line unless ``lines`` keeps them."""
    shown = TERMINAL_SEQUENCES.sub("", str(text))
    kept = ("\n" if character == "\n" and lines else _visible(character) for character in shown.replace("\r\n", "\n"))
    return "".join(kept).strip()


def _visible(character: str) -> str:
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in DROP_CATEGORIES else character


def markdown(text: object) -> str:
    """Text that reads the same in GitHub's Markdown, within a table too: no markup, HTML, link or notification."""
    entities = MARKDOWN.sub(lambda match: "".join(map(_entity, match[0])), plain(text))
    return REFERENCES.sub(lambda match: match[0] + BREAK, entities)


def _entity(character: str) -> str:
    return character if character.isalnum() else f"&#{ord(character)};"


def command_data(text: object) -> str:
    """The message of a workflow command. What does not stand at a line's start is no command of its own."""
    return plain(text, lines=True).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: object) -> str:
    """A property of a workflow command."""
    return command_data(text).replace(":", "%3A").replace(",", "%2C")
