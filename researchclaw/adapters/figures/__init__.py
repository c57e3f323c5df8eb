"""The illustrator: figures drawn by matplotlib from results.json, in vectors, the same bytes every time."""

from researchclaw.adapters.figures.illustrator import MatplotlibIllustrator

__all__ = ["MatplotlibIllustrator"]
