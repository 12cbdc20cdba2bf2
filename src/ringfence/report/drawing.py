"""Drawings for a page: SVG by matplotlib, the same bytes for the same figures, readable in grey, 480 units wide.

Every id in a drawing begins with the drawing's own name, since several stand in one page. Texts stay texts; a name from a file is never
taken for a formula, nor for markup.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 480
POINTS_AN_INCH = 72
INK, QUIET, GRID = "#1b2733", "#52606d", "#d9dee3"
BLUE, ORANGE, RED, TEAL, SAND = "#1f5a93", "#c2570c", "#a3182f", "#2b7a78", "#b8ab8a"
"""Told apart by colour-blind people and, by their lightness, hatches and line styles, in grey."""
SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
REFERENCE = re.compile(r"url\(#([^)]+)\)")
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "ringfence",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 13,
    "axes.labelsize": 13,
    "axes.titlesize": 13,
    "xtick.labelsize": 12.5,
    "ytick.labelsize": 12.5,
    "legend.fontsize": 12.5,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.9,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "butt",
    "hatch.linewidth": 1.2,
    "legend.frameon": True,  # white behind the words, so that no curve runs through them
    "legend.framealpha": 0.85,
    "legend.facecolor": "white",
    "legend.edgecolor": "none",
    "legend.fancybox": False,
    "legend.handlelength": 2.4,
    "legend.borderaxespad": 0.2,
    "path.simplify": True,
}
"""Fonts of 12 units and more."""


@contextmanager
def sheet(height: int, *, left: int, right: int = 16, top: int = 14, bottom: int = 50) -> "Iterator[tuple[Figure, Axes]]":
    """A figure of WIDTH by `height` units with one pair of axes inside these margins; whatever style a user has set is left out."""
    from matplotlib import rc_context, rcParamsDefault
    from matplotlib.figure import Figure

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the measuring font lacks: the browser has it
        settings: Any = {name: value for name, value in rcParamsDefault.items() if not name.startswith("backend")} | STYLE
        with rc_context(settings):
            figure = Figure(figsize=(WIDTH / POINTS_AN_INCH, height / POINTS_AN_INCH), dpi=POINTS_AN_INCH)
            sides = (left / WIDTH, bottom / height, 1 - (left + right) / WIDTH, 1 - (top + bottom) / height)
            yield figure, figure.add_axes(sides)


def svg_of(figure: "Figure", name: str, title: str, told: str) -> str:
    """The drawing as SVG to stand in a page, with `title` and what it tells for those who do not see it."""
    written = io.BytesIO()
    figure.savefig(written, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    root = ElementTree.fromstring(written.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        _rename(element, name)
    _head(root, name, title, told)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _rename(element: ElementTree.Element, name: str) -> None:
    """Puts the drawing's name before its ids and before whatever refers to them."""
    for key, value in list(element.attrib.items()):
        if key == "id":
            element.set(key, f"{name}-{value}")
        elif key in ("href", f"{{{XLINK}}}href") and value.startswith("#"):
            element.set(key, f"#{name}-{value[1:]}")
        elif "url(#" in value:
            element.set(key, REFERENCE.sub(rf"url(#{name}-\1)", value))
        if key == "style" and element.tag == f"{{{SVG}}}text":
            element.set(key, re.sub(r"font:\s*([0-9.]+)px\s+[^;]+", r"font-size: \1px", element.get(key, "")))


def _head(root: ElementTree.Element, name: str, title: str, told: str) -> None:
    """The role, the size by its box alone, and the texts for who does not see it."""
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    for place, (tag, text) in enumerate((("title", title), ("desc", told))):
        element = ElementTree.Element(f"{{{SVG}}}{tag}", {"id": f"{name}-{tag}"})
        element.text = text
        root.insert(place, element)


def grouped(value: float, _: Any = None) -> str:
    """A tick's label: 1 500 000 as 1.5 M, small numbers as they are."""
    for size, letter in ((1e9, " bn"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}".replace("-", "\u2212")
    return f"{value:.3g}".replace("-", "\u2212")


def percent(value: float, _: Any = None) -> str:
    """A tick's label: 0.05 as 5 %."""
    return f"{100 * value:.3g} %".replace("-", "\u2212")
