"""How every figure looks: as wide as on the page, 8 pt serif, Okabe-Ito colours that also differ in line and marker, no title."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH_IN = 5.5
"""Text width of the NeurIPS and ICLR layouts."""
NARROW_IN = 4.0
"""Below this a figure stands in one of two columns: labels go over more lines."""

PNG_DPI = 200

BLACK, BLUE, VERMILLION, GREEN = "#000000", "#0072B2", "#D55E00", "#009E73"
PURPLE, ORANGE, SKY, GREY = "#CC79A7", "#E69F00", "#56B4E9", "#6E6E6E"

_COLOURS = (BLACK, BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
_LINES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (2, 2)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_SERIF = ("Times New Roman", "TeX Gyre Termes", "Nimbus Roman", "Liberation Serif", "STIXGeneral")
"""In order of preference; matplotlib brings the last one along."""

_settings_lock = threading.Lock()
"""matplotlib's settings are global to the process; figures are drawn one at a time."""


@dataclass(frozen=True)
class Look:
    """How one condition is drawn in every figure of a paper."""

    colour: str
    line: str | tuple[float, tuple[float, ...]]
    marker: str


def look(position: int) -> Look:
    """position: of the condition, baseline 0. Colours repeat after seven, with other lines and markers."""
    turn, index = divmod(position, len(_COLOURS))
    shifted = (index + turn) % len(_COLOURS)
    return Look(_COLOURS[index], _LINES[shifted], _MARKERS[shifted])


@contextmanager
def house_style() -> Iterator[None]:
    """matplotlib with our settings, for one figure at a time."""
    import matplotlib as mpl

    with _settings_lock, mpl.rc_context():
        # A matplotlibrc of the user must not change a paper.
        mpl.rcdefaults()
        with mpl.rc_context(
            {
                "axes.labelsize": 8,
                "axes.linewidth": 0.6,
                "axes.spines.right": False,
                "axes.spines.top": False,
                "axes.unicode_minus": True,
                "font.family": "serif",
                "font.serif": list(_serif()),
                "font.size": 8,
                "legend.fontsize": 7,
                "legend.frameon": False,
                "lines.linewidth": 1.0,
                "mathtext.fontset": "stix",
                "text.parse_math": False,  # labels are words: a dollar in one must neither set mathematics nor end the drawing
                "pdf.fonttype": 42,  # 3, the default, gives Type 3 fonts, which ICML asks not to use
                "svg.hashsalt": "researchclaw",
                "xtick.labelsize": 7,
                "xtick.major.width": 0.6,
                "ytick.labelsize": 7,
                "ytick.major.width": 0.6,
            }
        ):
            yield


def new_figure(height_in: float, width_in: float = WIDTH_IN) -> Figure:
    """An empty figure, laid out by constraints."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return Figure(figsize=(width_in, height_in), layout=ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03, wspace=0.04))


def saved(figure: Figure) -> tuple[bytes, bytes]:
    """(PDF, PNG). Without a creation date the same figure gives the same bytes."""
    pdf, png = io.BytesIO(), io.BytesIO()
    figure.savefig(pdf, format="pdf", metadata={"CreationDate": None})
    figure.savefig(png, format="png", dpi=PNG_DPI)
    return pdf.getvalue(), png.getvalue()


@cache
def _serif() -> tuple[str, ...]:
    # Asking for an absent family costs a warning per text.
    from matplotlib.font_manager import fontManager

    present = set(fontManager.get_font_names())
    return tuple(name for name in _SERIF if name in present)
