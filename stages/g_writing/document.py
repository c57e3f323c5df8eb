"""The manuscript as a typed tree: what Markdown is read into and what LaTeX and Typst are written from.

There is no raw TeX in it. Maths is kept as written and checked against the allow-list of `maths.py` by the lint and again by
each renderer, so that a refused formula is shown as code and never executed. Ids are without their prefix (`curves`), targets
of references are with it (`fig:curves`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from stages.contracts import Contract

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_:./+-]*$")]


STATEMENT = "statement-"
"""Ids of sections that a venue asks for after the text begin so; they have no number and count for no page limit."""


class Text(Contract):
    """Words; every character is printed as itself, whatever it means to TeX."""

    kind: Literal["text"] = "text"
    text: str


class Emphasis(Contract):
    kind: Literal["emphasis"] = "emphasis"
    content: tuple[Inline, ...]


class Strong(Contract):
    kind: Literal["strong"] = "strong"
    content: tuple[Inline, ...]


class Code(Contract):
    kind: Literal["code"] = "code"
    text: str


class Cite(Contract):
    """`[@a; @b]` (paren) or `@a` (text: the authors are part of the sentence)."""

    kind: Literal["cite"] = "cite"
    keys: tuple[Key, ...] = Field(min_length=1)
    style: Literal["paren", "text"]


class ValueRef(Contract):
    """A number by its key in the record; grammar and formats: `values.py`."""

    kind: Literal["value"] = "value"
    expression: str = Field(min_length=1)
    format: str | None = None


class Maths(Contract):
    kind: Literal["maths"] = "maths"
    tex: str = Field(min_length=1)


Target = Annotated[str, StringConstraints(pattern=r"^(fig|tbl|sec|eq):[a-z][a-z0-9_-]{0,63}$")]


class Reference(Contract):
    """A cross-reference; the renderer writes the word (Figure, Table, Section, Equation) and the number."""

    kind: Literal["reference"] = "reference"
    target: Target


class Link(Contract):
    kind: Literal["link"] = "link"
    url: str
    content: tuple[Inline, ...]


Inline = Annotated[
    Text | Emphasis | Strong | Code | Cite | ValueRef | Maths | Reference | Link,
    Field(discriminator="kind"),
]
Inlines = tuple[Inline, ...]


class Paragraph(Contract):
    kind: Literal["paragraph"] = "paragraph"
    content: Inlines = Field(min_length=1)


class BulletList(Contract):
    kind: Literal["bullets"] = "bullets"
    items: tuple[Inlines, ...] = Field(min_length=1)


class NumberedList(Contract):
    kind: Literal["numbered"] = "numbered"
    items: tuple[Inlines, ...] = Field(min_length=1)


Alignment = Literal["left", "right", "center"]


class Table(Contract):
    """Every row has as many cells as the header."""

    kind: Literal["table"] = "table"
    id: Id
    caption: Inlines = Field(min_length=1)
    header: tuple[Inlines, ...] = Field(min_length=1)
    rows: tuple[tuple[Inlines, ...], ...]
    alignment: tuple[Alignment, ...]


class Figure(Contract):
    kind: Literal["figure"] = "figure"
    id: Id
    path: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*\.(pdf|png|jpg)$")]
    caption: Inlines = Field(min_length=1)
    alt: str = ""
    width: Literal["column", "full"] = "column"


class Equation(Contract):
    kind: Literal["equation"] = "equation"
    tex: str = Field(min_length=1)
    id: Id | None = None


class CodeBlock(Contract):
    kind: Literal["code_block"] = "code_block"
    text: str
    language: str = ""


Block = Annotated[
    Paragraph | BulletList | NumberedList | Table | Figure | Equation | CodeBlock,
    Field(discriminator="kind"),
]


class Section(Contract):
    id: Id
    title: str = Field(min_length=1)
    level: Literal[1, 2, 3] = 1
    blocks: tuple[Block, ...] = ()
    appendix: bool = Field(default=False, description="Stands after the references, lettered instead of numbered.")


class Document(Contract):
    title: str = Field(min_length=1)
    authors: tuple[str, ...] = ()
    abstract: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()


for _model in (Emphasis, Strong, Link):
    _model.model_rebuild()


def flat(content: Inlines) -> Iterator[Inline]:
    """Every inline, outer before inner, in reading order."""
    for inline in content:
        yield inline
        if isinstance(inline, Emphasis | Strong | Link):
            yield from flat(inline.content)


def block_inlines(block: Block) -> Iterator[tuple[str, Inlines]]:
    """(place within the block, inlines) for every piece of running text in a block; cells count from 1, the header is row 0."""
    match block:
        case Paragraph():
            yield "", block.content
        case BulletList() | NumberedList():
            for number, item in enumerate(block.items, 1):
                yield f"item {number}", item
        case Table():
            yield f"tbl:{block.id} caption", block.caption
            for row_number, row in enumerate((block.header, *block.rows)):
                for column, cell in enumerate(row, 1):
                    yield f"tbl:{block.id}[{row_number},{column}]", cell
        case Figure():
            yield f"fig:{block.id} caption", block.caption
        case Equation() | CodeBlock():
            return


def blocks(document: Document) -> Iterator[tuple[str, Block]]:
    """(place, block) in reading order; place is 'abstract' or 'sec:<id>'."""
    for block in document.abstract:
        yield "abstract", block
    for section in document.sections:
        for block in section.blocks:
            yield f"sec:{section.id}", block


def inlines(document: Document) -> Iterator[tuple[str, Inline]]:
    """(place, inline) for every inline of the document, nested ones included."""
    for place, block in blocks(document):
        for within, content in block_inlines(block):
            here = within if within.startswith(("tbl:", "fig:")) else place
            for inline in flat(content):
                yield here, inline


def cited_keys(document: Document) -> tuple[str, ...]:
    """Citation keys in order of first citation."""
    keys: dict[str, None] = {}
    for _, inline in inlines(document):
        if isinstance(inline, Cite):
            keys.update(dict.fromkeys(inline.keys))
    return tuple(keys)


def labels(document: Document) -> frozenset[str]:
    """Every target that a reference may name."""
    found = {f"sec:{section.id}" for section in document.sections}
    for _, block in blocks(document):
        match block:
            case Table():
                found.add(f"tbl:{block.id}")
            case Figure():
                found.add(f"fig:{block.id}")
            case Equation(id=str() as name):
                found.add(f"eq:{name}")
            case _:
                pass
    return frozenset(found)


def rewrite(document: Document, change: Callable[[str, Inline], Inline | Inlines]) -> Document:
    """The document with `change(place, inline)` in the place of every innermost inline: one or several; places as in `inlines`."""

    def run(place: str, content: Inlines) -> Inlines:
        made: list[Inline] = []
        for inline in content:
            if isinstance(inline, Emphasis | Strong | Link):
                made.append(inline.model_copy(update={"content": run(place, inline.content)}))
            else:
                put = change(place, inline)
                made.extend(put if isinstance(put, tuple) else (put,))
        return tuple(made)

    def block(place: str, old: Block) -> Block:
        match old:
            case Paragraph():
                return old.model_copy(update={"content": run(place, old.content)})
            case BulletList() | NumberedList():
                return old.model_copy(update={"items": tuple(run(place, item) for item in old.items)})
            case Table():
                label = f"tbl:{old.id}"
                cells = tuple(
                    tuple(run(f"{label}[{row_number},{column}]", cell) for column, cell in enumerate(row, 1))
                    for row_number, row in enumerate((old.header, *old.rows))
                )
                return old.model_copy(update={"caption": run(f"{label} caption", old.caption), "header": cells[0], "rows": cells[1:]})
            case Figure():
                return old.model_copy(update={"caption": run(f"fig:{old.id} caption", old.caption)})
            case Equation() | CodeBlock():
                return old

    return document.model_copy(
        update={
            "abstract": tuple(block("abstract", old) for old in document.abstract),
            "sections": tuple(
                section.model_copy(update={"blocks": tuple(block(f"sec:{section.id}", old) for old in section.blocks)})
                for section in document.sections
            ),
        },
    )
