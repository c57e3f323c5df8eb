"""Decimals of paper.tex, and whether each leads back to a record."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DECIMAL = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)+")
_CODE = re.compile(r"\\begin\{rccode\}.*?\\end\{rccode\}|\\texttt\{(?:[^{}]|\{[^{}]*\})*\}", re.DOTALL)
_NOT_PRINTED = re.compile(
    r"(?<!\\)%[^\n]*"
    r"|\\(?:label|ref|cite[pt]?|includegraphics(?:\[[^\]]*\])?|setlength\{[^}]*\}|vspace\*?|hspace\*?|addtocounter\{[^}]*\})\{[^{}]*\}"
    r"|\\href\{[^{}]*\}"
    r"|\\begin\{tabular\}\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
)


def printed_decimals(tex: str) -> tuple[str, ...]:
    """Decimals that a reader of the PDF sees outside of code, in order, without sign; lengths and references are left out."""
    return tuple(_DECIMAL.findall(_NOT_PRINTED.sub(" ", _CODE.sub(" ", _body(tex)))))


def code_decimals(tex: str) -> tuple[str, ...]:
    """Decimals inside code, in order: settings and commands."""
    return tuple(decimal for piece in _CODE.findall(_body(tex)) for decimal in _DECIMAL.findall(piece.replace("\\allowbreak", "")))


def decimals_in(texts: Iterable[str]) -> frozenset[str]:
    """Every decimal that the texts hold."""
    return frozenset(decimal for text in texts for decimal in _DECIMAL.findall(text))


def _body(tex: str) -> str:
    """What stands after the preamble; of a fragment, all of it."""
    _, found, body = tex.partition("\\begin{document}")
    return body if found else tex
