"""matplotlib's SVG, made fit to stand in a page: without styles of its own, with colours by role, and small."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from .drawing import ROLES, TEXT_PX

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: An artist whose gid begins so gets the rest as its class.
CLASS = "class-"
#: What a page has no use for; matplotlib's style would hold for all of it.
DROPPED_ELEMENTS = {"metadata", "style"}
#: The page gives text its font and size.
OF_THE_PAGE = {"font-family", f"font-size: {TEXT_PX}px", "stroke-dashoffset: 0"}
STAND_INS = {colour: f"var(--{role})" for role, colour in ROLES.items()}
COORDINATES = ("d", "x", "y", "width", "height", "transform")
LONG_NUMBER = re.compile(r"-?\d+\.\d\d+")
NO_ROTATION = re.compile(r"\s*rotate\(-?0 [^)]*\)")


def svg_of(axes: Axes, label: str, number: int) -> str:
    """The plot as an ``svg`` element.

    Args:
        axes: its texts are free of what XML cannot hold (visible.py).
        label: what it shows, for those who do not see it.
        number: of the chart within the page, so that nothing in it has another one's id.
    """
    import matplotlib
    from matplotlib.figure import Figure

    figure = axes.get_figure()
    assert isinstance(figure, Figure)  # noqa: S101 - drawing.plot made it
    written = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": f"chart {number}"}):
        figure.savefig(written, format="svg")
    root = ET.fromstring(written.getvalue())  # noqa: S314 - matplotlib wrote it just now
    for element in root.iter():
        element.tag = _local(element.tag)
        element.attrib = {_local(name): value for name, value in element.attrib.items()}
    _drop(root)
    referenced = set(_references(root))
    for element in root.iter():
        _clean(element, referenced)
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": label}
    return ET.tostring(root, encoding="unicode")


def _local(name: str) -> str:
    """A name without its namespace, which HTML knows by itself."""
    return name.rpartition("}")[2]


def _drop(parent: ET.Element) -> None:
    for child in list(parent):
        _drop(child)
        is_empty = child.tag in ("g", "defs") and not len(child)
        if child.tag in DROPPED_ELEMENTS or is_empty:
            parent.remove(child)


def _references(root: ET.Element) -> Iterator[str]:
    """The ids that something in the drawing refers to."""
    for element in root.iter():
        for name in ("href", "clip-path"):
            yield from re.findall(r"#([\w-]+)", element.get(name, ""))


def _clean(element: ET.Element, referenced: set[str]) -> None:
    """Keep of an element what it takes to show it; white space between elements is none of it."""
    identity = element.attrib.pop("id", "")
    if identity.startswith(CLASS):
        element.set("class", identity.removeprefix(CLASS))
    elif identity in referenced:
        element.set("id", identity)
    for name in COORDINATES:
        if value := element.get(name):
            element.set(name, _shorter(NO_ROTATION.sub("", value)))
    if style := element.get("style"):
        element.set("style", _style(style))
    for empty in [name for name, value in element.attrib.items() if not value]:
        del element.attrib[empty]
    element.tail = None
    if element.tag != "text":
        element.text = None


def _style(text: str) -> str:
    kept = (one for one in text.split("; ") if one not in OF_THE_PAGE and one.partition(":")[0] not in OF_THE_PAGE)
    style = "; ".join(kept)
    for colour, variable in STAND_INS.items():
        style = style.replace(colour, variable)
    return style


def _shorter(value: str) -> str:
    """The coordinates to a tenth of a pixel, in one line."""
    return " ".join(LONG_NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), value).split())
