"""Draw terminal output as a still picture: ``python docs/terminal_picture.py docs/images/*.txt``.

Each text becomes an SVG beside it. The picture holds the text as text, so that it can be searched and copied.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

CHARACTER_PX, LINE_PX, MARGIN_PX, FONT_PX = 7.8, 18, 16, 13
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
BACKGROUND, OUTPUT, COMMAND = "#0d1117", "#e6edf3", "#7ee787"


def picture(text: str) -> str:
    """The SVG of some lines of terminal output; lines that begin with ``$`` are commands."""
    lines = text.rstrip("\n").splitlines()
    width = round(max(map(len, lines)) * CHARACTER_PX + 2 * MARGIN_PX)
    height = len(lines) * LINE_PX + 2 * MARGIN_PX
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            f' font-family="{FONTS}" font-size="{FONT_PX}">',
            f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>',
            *_drawn(lines),
            "</svg>\n",
        ]
    )


def _drawn(lines: list[str]) -> Iterator[str]:
    """Each line as text of a fixed length: columns stay aligned in whatever font the reader has."""
    for number, line in enumerate(lines, start=1):
        if text := line.strip():
            x = MARGIN_PX + (len(line) - len(line.lstrip())) * CHARACTER_PX
            colour = COMMAND if text.startswith("$") else OUTPUT
            yield (
                f'<text x="{x:g}" y="{MARGIN_PX + number * LINE_PX - 5}" fill="{colour}" xml:space="preserve"'
                f' textLength="{len(text) * CHARACTER_PX:g}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
            )


if __name__ == "__main__":
    for file in map(Path, sys.argv[1:]):
        file.with_suffix(".svg").write_text(picture(file.read_text(encoding="utf-8")), encoding="utf-8")
