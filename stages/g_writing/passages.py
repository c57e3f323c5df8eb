"""Parts of a manuscript, so that a reader gets what his question needs and not the whole paper each time."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from stages.foreign_text import flat

_TITLE = re.compile(r"^## (?P<title>.*?)(?:\s*\{#sec:(?P<id>[a-z][a-z0-9_-]*)[^}]*\})?\s*$", re.MULTILINE)


def sections_of(markdown: str) -> dict[str, str]:
    """Section id -> its text with the heading; the abstract is 'abstract'."""
    heads = list(_TITLE.finditer(markdown))
    ends = [*(head.start() for head in heads[1:]), len(markdown)]
    return {head["id"] or head["title"].lower(): markdown[head.start() : end].strip() for head, end in zip(heads, ends, strict=True)}


def chosen(markdown: str, ids: Collection[str]) -> str:
    """These sections in the order of the paper."""
    return "\n\n".join(text for name, text in sections_of(markdown).items() if name in ids)


def main_text(markdown: str) -> str:
    """The paper without its appendices."""
    return "\n\n".join(text for name, text in sections_of(markdown).items() if not name.startswith("appendix_"))


def around(markdown: str, quotes: Sequence[str]) -> str:
    """The paragraphs, tables and figures that hold the quotations or bear the labels, each under its section.

    The whole paper where one of them cannot be found: what is to be changed must be seen.
    """
    found: dict[str, list[str]] = {}
    for quote in quotes:
        label = re.fullmatch(r"@?((?:fig|tbl|eq|sec):[A-Za-z0-9_-]+)", quote.strip())
        wanted = f"{{#{label[1]}" if label else flat(quote)
        held = False
        for name, text in sections_of(markdown).items():
            for block in text.split("\n\n"):
                if wanted and wanted in (block if label else flat(block)):
                    held = True
                    found.setdefault(name, [])
                    if block not in found[name]:
                        found[name].append(block)
        if not held:
            return markdown
    order = sections_of(markdown)
    return "\n\n".join(
        f"[{name}]\n\n" + "\n\n".join(b for b in order[name].split("\n\n") if b in found[name]) for name in order if name in found
    )
