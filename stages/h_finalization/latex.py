"""The document as LaTeX: body by rule, frame and style from a template that the caller loads.

Every word goes through `tex_characters.escape`, every formula through the allow-list; nothing that an author or a model wrote
is TeX to TeX. Tables get column widths that fit, so that no box is overfull.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import PositiveFloat

from stages.contracts import Contract
from stages.g_writing.document import (
    Block,
    BulletList,
    Cite,
    Code,
    CodeBlock,
    Document,
    Emphasis,
    Equation,
    Figure,
    Inline,
    Inlines,
    Link,
    Maths,
    NumberedList,
    Paragraph,
    Reference,
    Section,
    Strong,
    Table,
    Text,
    ValueRef,
    cited_keys,
    flat,
)
from stages.g_writing.maths import refusal
from stages.h_finalization.tex_characters import escape, escape_code, plain

ROWS_PER_FLOAT = 36
"""Rows of one table; longer ones go on in a further float. 36 rows of 11 pt and a caption fill two thirds of a 9 in page."""
LONGEST_RUNNING = 90
"""Signs of a running title: 9 pt bold on 5.5 in."""
_CODE_POINT = 4.8
"""Width of one sign of 8 pt Courier in pt."""


class PaperTemplate(Contract):
    """A layout: `frame` is paper.tex with <<slots>>, `style` the text of the file `style_file` that it loads."""

    venue: Literal["neurips", "icml", "iclr", "plain"]
    frame: str
    style_file: str
    style: str
    columns: Literal[1, 2]
    column_pt: PositiveFloat
    text_pt: PositiveFloat


def render_latex(document: Document, template: PaperTemplate, *, notice: str) -> str:
    """paper.tex.

    document: with values printed (`values.render_values`).
    notice: the line at the foot of page 1, e.g. who wrote the paper; empty for none.
    """
    main = [section for section in document.sections if not section.appendix]
    rest = [section for section in document.sections if section.appendix]
    writer = _Writer(document, template)
    slots = {
        "pdftitle": plain(document.title),
        "pdfauthor": plain(", ".join(document.authors)),
        "title": escape(document.title),
        "running": escape(
            document.title
            if len(document.title) <= LONGEST_RUNNING
            else document.title[: LONGEST_RUNNING - 2].rsplit(" ", 1)[0] + " …"
        ),
        "authors": " \\and ".join(escape(author) for author in document.authors),
        "notice": escape(notice),
        "abstract": writer.blocks(document.abstract),
        "body": "\n".join(writer.section(section) for section in main),
        "references": "\\rcreferences{references}" if cited_keys(document) else "",
        "appendix": ("\\rcappendix\n" + "\n".join(writer.section(section) for section in rest)) if rest else "",
    }
    return re.sub(r"<<([a-z]+)>>", lambda match: slots[match[1]], template.frame)


class _Writer:
    def __init__(self, document: Document, template: PaperTemplate) -> None:
        self.template = template
        self.placement = "tbp"
        self.appendices = frozenset(f"sec:{section.id}" for section in document.sections if section.appendix)

    def section(self, section: Section) -> str:
        # In the appendix a table belongs under its heading: there is little text that it could interrupt.
        self.placement = "!htbp" if section.appendix else "tbp"
        command = ("section", "subsection", "subsubsection")[section.level - 1]
        title, ascii_title = escape(section.title), plain(section.title)
        shown = title if title == ascii_title else f"\\texorpdfstring{{{title}}}{{{ascii_title}}}"
        return f"\\{command}{{{shown}}}\\label{{sec:{section.id}}}\n\n{self.blocks(section.blocks)}"

    def blocks(self, blocks: Sequence[Block]) -> str:
        return "".join(self.block(block) + "\n\n" for block in blocks)

    def block(self, block: Block) -> str:
        match block:
            case Paragraph():
                return self.inlines(block.content)
            case BulletList() | NumberedList():
                kind = "itemize" if isinstance(block, BulletList) else "enumerate"
                items = "\n".join(f"\\item {self.inlines(item)}" for item in block.items)
                return f"\\begin{{{kind}}}\n{items}\n\\end{{{kind}}}"
            case Table():
                return self.table(block)
            case Figure():
                return self.figure(block)
            case Equation():
                return self.equation(block)
            case CodeBlock():
                return self.code_block(block)

    # ------------------------------------------------------------ running text

    def inlines(self, content: Inlines) -> str:
        written = ""
        for position, inline in enumerate(content):
            piece = self.inline(inline)
            if (isinstance(inline, Cite) and inline.style == "paren") or isinstance(inline, Reference):
                # A citation never begins a line on its own; the dialect's space becomes a tie.
                written = re.sub(r" $", "~", written) if position else written
            written += piece
        return written

    def inline(self, inline: Inline) -> str:  # noqa: PLR0911 - one return for each kind of inline
        match inline:
            case Text():
                return escape(inline.text)
            case Emphasis():
                return f"\\emph{{{self.inlines(inline.content)}}}"
            case Strong():
                return f"\\textbf{{{self.inlines(inline.content)}}}"
            case Code():
                return f"\\texttt{{{escape_code(inline.text)}}}"
            case Cite():
                return f"\\{'citep' if inline.style == 'paren' else 'citet'}{{{','.join(inline.keys)}}}"
            case ValueRef():
                raise AssertionError(f"{{{{{inline.expression}}}}} is not printed; render_values comes first")
            case Maths():
                return f"${inline.tex}$" if refusal(inline.tex) is None else f"\\texttt{{{escape_code(inline.tex)}}}"
            case Reference():
                return self.reference(inline.target)
            case Link():
                return self.link(inline)

    def reference(self, target: str) -> str:
        kind = target.partition(":")[0]
        word = {"fig": "Figure", "tbl": "Table", "sec": "Section", "eq": "Equation"}[kind]
        if target in self.appendices:
            word = "Appendix"
        return f"{word}~\\ref{{{target}}}"

    def link(self, link: Link) -> str:
        words = self.inlines(link.content)
        if not re.match(r"(https?://|mailto:)", link.url):
            return words
        safe = re.sub(r"[^A-Za-z0-9:/?=&.,;@!+_%#-]", lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), link.url)
        return f"\\href{{{re.sub(r'([%#&_])', lambda match: chr(92) + match[1], safe)}}}{{{words}}}"

    # ------------------------------------------------------------ displays and floats

    def equation(self, equation: Equation) -> str:
        if refusal(equation.tex) is not None:
            return f"\\begin{{center}}\\texttt{{{escape_code(equation.tex)}}}\\end{{center}}"
        if equation.id is None:
            return f"\\begin{{equation*}}\n{equation.tex}\n\\end{{equation*}}"
        return f"\\begin{{equation}}\\label{{eq:{equation.id}}}\n{equation.tex}\n\\end{{equation}}"

    def code_block(self, code: CodeBlock) -> str:
        """Escaped lines in Courier; a line that is too long goes on, indented, in the next."""
        width = int(self.template.column_pt / _CODE_POINT) - 2
        lines: list[str] = []
        for line in code.text.split("\n"):
            first, rest = line[:width], line[width:]
            lines.append(first)
            while rest:
                lines.append("    " + rest[: width - 4])
                rest = rest[width - 4 :]
        body = "\\\\\n".join(f"\\strut{{}}{escape_code(line, spaces=True)}" for line in lines)
        return f"\\begin{{rccode}}\n{body}\n\\end{{rccode}}"

    def figure(self, figure: Figure) -> str:
        star = "*" if self.template.columns == 2 and figure.width == "full" else ""
        width = "\\textwidth" if star else "\\columnwidth"
        return (
            f"\\begin{{figure{star}}}[{self.placement}]\n\\centering\n"
            f"\\rcgraphics{{{width}}}{{{figure.path}}}\n"
            f"\\caption{{{self.inlines(figure.caption)}}}\\label{{fig:{figure.id}}}\n\\end{{figure{star}}}"
        )

    def table(self, table: Table) -> str:
        fit = _fit(table, self.template.column_pt)
        star = ""
        if self.template.columns == 2 and fit.broken:
            fit, star = _fit(table, self.template.text_pt), "*"
        chunks = [table.rows[start : start + ROWS_PER_FLOAT] for start in range(0, len(table.rows), ROWS_PER_FLOAT)] or [()]
        floats = []
        for number, rows in enumerate(chunks):
            caption = self.inlines(table.caption) + (" (continued)" if number else "")
            label = "" if number else f"\\label{{tbl:{table.id}}}"
            counter = "\\addtocounter{table}{-1}" if number else ""
            body = "".join(self.row(row, fit) for row in rows)
            tabular = (
                f"\\begin{{tabular}}{{@{{}}{fit.columns}@{{}}}}\n\\toprule\n{self.row(table.header, fit)}\\midrule\n{body}"
                "\\bottomrule\n\\end{tabular}"
            )
            if fit.scaled:
                tabular = f"\\resizebox{{\\linewidth}}{{!}}{{%\n{tabular}}}"
            floats.append(
                f"\\begin{{table{star}}}[{self.placement}]\n\\centering{counter}\n\\caption{{{caption}}}{label}\n"
                f"{fit.size}\\setlength{{\\tabcolsep}}{{{fit.separation_pt:g}pt}}%\n{tabular}\n\\end{{table{star}}}",
            )
        return "\n\n".join(floats)

    def row(self, row: Sequence[Inlines], fit: _Fit) -> str:
        return " & ".join(self.inlines(cell) for cell in row) + " \\\\\n"


# ---------------------------------------------------------------- how wide a table is

_NARROW, _WIDE = frozenset("ijltfrI.,:;'|!()[]-/ "), frozenset("mwMW%@—")


class _Fit(Contract):
    columns: str
    size: str
    separation_pt: float
    broken: bool = False
    """Cells go over several lines."""
    scaled: bool = False
    """Nothing else helps: the whole table is made smaller."""


def _shown(inline: Inline) -> str:
    """Roughly the signs that an inline prints, for its width."""
    match inline:
        case Text() | Code():
            return inline.text
        case Maths():
            return re.sub(r"\\[A-Za-z]+|[{}^_]", "x", inline.tex)
        case Cite():
            return "Someone and Other (2020); " * len(inline.keys)
        case Reference():
            return "Section 9"
        case _:
            return ""


def _width(text: str) -> float:
    """Width in pt of a line of 10 pt Times, from above: signs fall in four classes."""
    classes = dict.fromkeys(_NARROW, 3.4) | dict.fromkeys(_WIDE, 8.4)
    return sum(classes.get(sign, 7.3 if sign.isupper() or not sign.isascii() else 5.1) for sign in text)


def _words(cell: Inlines) -> str:
    return "".join(_shown(inline) for inline in flat(cell))


def _code_factor(cell: Inlines) -> float:
    return 1.25 if any(isinstance(inline, Code | Strong) for inline in flat(cell)) else 1.0


def _natural(table: Table) -> list[float]:
    """Width of each column without a line break, in pt at 10 pt."""
    columns = zip(table.header, *table.rows, strict=True)
    return [max(_width(_words(cell)) * _code_factor(cell) for cell in column) for column in columns]


def _least(table: Table) -> list[float]:
    """Width below which a column would break inside a word or a number."""
    columns = zip(table.header, *table.rows, strict=True)
    return [
        max((_width(word) * _code_factor(cell) for cell in column for word in _words(cell).split()), default=5.0) for column in columns
    ]


def _fit(table: Table, available: float) -> _Fit:
    """Columns that fit: natural width first, then smaller type, then broken cells, at last a scaled box."""
    natural, least = _natural(table), _least(table)
    count = len(natural)
    sides = {"left": "l", "right": "r", "center": "c"}
    raggedness = {"left": "\\raggedright", "right": "\\raggedleft", "center": "\\centering"}
    sizes = (("", 1.0, 6.0), ("\\small", 0.9, 5.0), ("\\footnotesize", 0.8, 4.0), ("\\scriptsize", 0.7, 3.0))
    for size, scale, separation in sizes[:2]:
        if sum(natural) * scale + 2 * separation * (count - 1) <= available:
            return _Fit(columns="".join(sides[side] for side in table.alignment), size=size, separation_pt=separation)
    for size, scale, separation in sizes[1:]:
        room = available - 2 * separation * (count - 1) - 2
        needed = [width * scale * 1.05 + 1 for width in least]
        if sum(needed) <= room:
            wishes = [max(width * scale * 1.05 + 1 - need, 0.0) for width, need in zip(natural, needed, strict=True)]
            share = min((room - sum(needed)) / (sum(wishes) or 1.0), 1.0)
            columns = "".join(
                f">{{{raggedness[side]}\\arraybackslash}}p{{{int(need + wish * share)}pt}}"
                for side, need, wish in zip(table.alignment, needed, wishes, strict=True)
            )
            return _Fit(columns=columns, size=size, separation_pt=separation, broken=True)
    return _Fit(
        columns="".join(sides[side] for side in table.alignment), size="\\scriptsize", separation_pt=3.0, broken=True, scaled=True
    )
