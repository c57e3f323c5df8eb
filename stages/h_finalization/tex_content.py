"""What paper.tex says, apart from how wide, how large and where it is set."""

from __future__ import annotations

import re

_SPECIFICATION = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
_LAYOUT = re.compile(
    r"(?<!\\)%[^\n]*"
    rf"|\\begin\{{tabular\*?\}}(?:\{{\\(?:line|text|column)width\}})?{_SPECIFICATION}|\\end\{{tabular\*?\}}"
    r"|\\(?:begin|end)\{(?:table|figure|center)\*?\}(?:\[[^\]]*\])?"
    r"|\\setlength\{[^}]*\}\{[^}]*\}|\\setlength\\\w+\{[^}]*\}"
    r"|\\resizebox\{[^}]*\}\{[^}]*\}"
    r"|\\includegraphics\[[^\]]*\]"
    r"|\\(?:centering|raggedright|raggedleft|arraybackslash|small|footnotesize|scriptsize|normalsize|allowbreak|addlinespace)\b"
    r"|\\(?:vspace|hspace)\*?\{[^}]*\}"
)
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[^\W_]+(?:[.,][^\W_]+)*|[^\s\w{}~]|_")


def content_tokens(tex: str) -> list[str]:
    """Commands, words, numbers and signs in order, without lengths, sizes, columns and places of floats."""
    return _TOKEN.findall(_LAYOUT.sub(" ", tex))


def first_difference(found: str, again: str) -> str | None:
    """Where two papers say something else, with some words around it; None when only their layout differs."""
    one, other = content_tokens(found), content_tokens(again)
    if one == other:
        return None
    place = next((i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other)))
    start = max(0, place - 6)
    return f"it says {' '.join(one[start : place + 4])!r}, the record gives {' '.join(other[start : place + 4])!r}"
