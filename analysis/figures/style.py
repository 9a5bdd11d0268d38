"""The one style of figures, and their rendering as SVG, PNG and PDF pages.

Colours are from M. Okabe and K. Ito, "Color Universal Design" (2008), told apart with any colour vision.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

BLUE, VERMILION, GREEN, ORANGE, PURPLE = "#0072b2", "#d55e00", "#009e73", "#e69f00", "#cc79a7"
INK = "#1c1d21"
"""Colour of text and axes; on a page it follows the page's text."""
LINE = "#c9ccd3"
"""Colour of rules between rows; on a page it follows the page's lines."""
WIDTH = 5.2
"""Inches: of a column of text, and near the width of a phone at 72 points to the inch."""
DPI = 200
STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.5,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 10.0,
    "ytick.labelsize": 10.0,
    "legend.frameon": False,
    "legend.fontsize": 10.0,
    "lines.linewidth": 1.4,
    "svg.fonttype": "none",
    "svg.hashsalt": "paddock",
    "pdf.fonttype": 42,
}

DRAWING = RLock()
"""Held by the thread that draws."""


@dataclass(frozen=True)
class Figure:
    """A figure that is drawn anew for each file, always from the same numbers."""

    name: str
    """Stem of its file."""
    caption: str
    """What it shows, in a sentence; it stands for the figure where that cannot be seen."""
    draw: Callable[[Axes], None]
    height: float = 3.0
    """Inches."""
    width: float = WIDTH

    def svg(self) -> str:
        """Return an SVG document."""
        return self._render("svg", metadata={"Date": None}).decode()

    def png(self) -> bytes:
        """Return a PNG image on white."""
        return self._render("png", dpi=DPI, facecolor="white", metadata={"Software": None})

    def pdf(self) -> bytes:
        """Return a PDF of one page, as large as the figure."""
        return self._render("pdf", metadata={"CreationDate": None})

    def inline(self) -> str:
        """Return the SVG as an element of a page, in the page's colours for text and lines."""
        document = self.svg()
        element = document[document.index("<svg") :]
        element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
        element = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{self.name}-", element)
        element = element.replace(INK, "currentColor").replace(LINE, "var(--line)")
        return element.replace("<svg", '<svg role="img" aria-hidden="true"', 1)

    def _render(self, form: str, **options: Any) -> bytes:  # noqa: ANN401 - those of savefig
        out = io.BytesIO()
        with _canvas(self) as canvas:
            canvas.savefig(out, format=form, **options)
        return out.getvalue()


@contextmanager
def styled() -> Iterator[None]:
    """Draw in our style within the block; the process's own settings of Matplotlib are back afterwards.

    These settings are the process's, so one thread draws at a time.
    """
    import matplotlib  # slow to load, and only reports need it

    defaults = {
        name: value for name, value in matplotlib.rcParamsDefault.items() if not name.startswith("backend")
    }
    with DRAWING, matplotlib.rc_context({**defaults, **STYLE}):
        yield


@contextmanager
def _canvas(figure: Figure) -> Iterator[Canvas]:
    with styled():
        from matplotlib.figure import Figure as Canvas

        canvas = Canvas(figsize=(figure.width, figure.height), layout="constrained")
        figure.draw(canvas.add_subplot())
        yield canvas
