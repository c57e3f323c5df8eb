"""The document as LaTeX: body by rule, frame and style from a template that the caller loads.

Every word goes through `tex_characters.escape`, every formula through the allow-list; nothing that an author or a model wrote
is TeX to TeX. Tables get column widths that fit, so that no box is overfull.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from stages.contracts import Contract, PaperMode, Venue
from stages.g_writing.document import (
    STATEMENT,
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

    venue: Venue
    frame: str
    style_file: str
    style: str
    columns: Literal[1, 2]
    column_pt: PositiveFloat
    text_pt: PositiveFloat
    column_in: PositiveFloat = 5.5
    """Width in which a figure of one column is drawn."""
    text_in: PositiveFloat = 5.5
    wide: tuple[str, ...] = ()
    """Kinds of figure that go over both columns."""
    pages: dict[PaperMode, PositiveInt | None] = Field(default_factory=dict)
    """Pages of main text that the venue takes; absent or None: no limit."""


class FrontMatter(Contract):
    """What the frame needs about authors and mode; every string is TeX that our code wrote."""

    block: str
    affiliations: str = ""
    options: tuple[str, ...] = ()
    """Of our own style: anonymous, lines."""
    official: str = ""
    """Package of the venue's own style."""
    official_options: tuple[str, ...] = ()
    final_copy: str = ""
    bibliography_style: str = "plainnat"


def render_latex(
    document: Document, template: PaperTemplate, *, notice: str, front: FrontMatter | None = None, last: frozenset[str] = frozenset()
) -> str:
    """paper.tex.

    document: with values printed (`values.render_values`).
    notice: the line at the foot of page 1, e.g. who wrote the paper; empty for none.
    front: author block and mode; None: the authors' names and no option.
    last: ids of sections that stand at the very end (a checklist).
    """
    main = [section for section in document.sections if not section.appendix and section.id not in last]
    rest = [section for section in document.sections if section.appendix and section.id not in last]
    closing = [section for section in document.sections if section.id in last]
    front = front or FrontMatter(block=" \\and ".join(escape(author) for author in document.authors))
    writer = _Writer(document, template)
    slots = {
        "pdftitle": plain(document.title),
        "pdfauthor": plain(", ".join(document.authors)),
        "title": escape(document.title),
        "running": escape(running_title(document.title)),
        "authors": front.block,
        "affiliations": front.affiliations,
        "options": "".join(f",{option}" for option in front.options),
        "official": front.official,
        "officialoptions": f"[{','.join(front.official_options)}]" if front.official_options else "",
        "finalcopy": front.final_copy,
        "bibliographystyle": front.bibliography_style,
        "notice": escape(notice),
        "abstract": writer.blocks(document.abstract),
        "body": "\n".join(
            ("\\rcmainend\n" if section.id.startswith(STATEMENT) and not before else "") + writer.section(section)
            for before, section in zip(_statements_before(main), main, strict=True)
        )
        + ("" if any(section.id.startswith(STATEMENT) for section in main) else "\\rcmainend\n"),
        "references": "\\rcreferences{references}" if cited_keys(document) else "",
        "appendix": (("\\rcappendix\n" + "\n".join(writer.section(section) for section in rest)) if rest else "")
        + "\n".join(f"\n\\rcafter\n{writer.section(section)}" for section in closing),
    }
    return re.sub(r"<<([a-z]+)>>", lambda match: slots[match[1]], template.frame)


def broken(line: str, width: int) -> list[str]:
    """The line in pieces of at most `width` signs, those after the first four shorter, broken at spaces.

    A break within a word would change a command that somebody copies; of a word longer than a line a path breaks behind a slash.
    """
    pieces: list[str] = []
    room = width
    while len(line) > room:
        at = line.rfind(" ", 1, room + 1)
        if at <= 0 or not line[:at].strip():
            at = line.rfind("/", 1, room) + 1 or room
        pieces.append(line[:at])
        line = line[at:].removeprefix(" ")
        room = width - 4
    return [*pieces, line]


def running_title(title: str) -> str:
    """The title where it fits, else what stands before its colon, ended at a word that does not hang."""
    if len(title) <= LONGEST_RUNNING:
        return title
    short = title.partition(":")[0]
    if len(short) > LONGEST_RUNNING:
        short = short[: LONGEST_RUNNING + 1].rsplit(" ", 1)[0]
        short = re.sub(r"(?: (?:a|an|the|and|or|of|in|on|at|for|to|by|with|under|against|fixed|short))+$", "", short)
    return short.rstrip(" ,;")


def _statements_before(sections: Sequence[Section]) -> list[bool]:
    """For each section whether a statement stands before it."""
    seen, found = False, []
    for section in sections:
        found.append(seen)
        seen = seen or section.id.startswith(STATEMENT)
    return found


class _Writer:
    def __init__(self, document: Document, template: PaperTemplate) -> None:
        self.template = template
        self.placement = "tbp"
        self.in_appendix = False
        self.appendices = frozenset(f"sec:{section.id}" for section in document.sections if section.appendix)
        self.sizes = {appendix: self.largest_size(document, in_appendix=appendix) for appendix in (False, True)}

    def section(self, section: Section) -> str:
        # In the appendix a table belongs under its heading: there is little text that it could interrupt.
        self.in_appendix = section.appendix
        self.placement = "!htbp" if section.appendix else "tbp"
        command = ("section", "subsection", "subsubsection")[section.level - 1]
        title, ascii_title = escape(section.title), plain(section.title)
        if section.id.startswith(STATEMENT):
            return f"\\{command}*{{{title}}}\\label{{sec:{section.id}}}\n\n{self.blocks(section.blocks)}"
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
        body = "\\\\\n".join(self._code_line(line, width) for line in code.text.split("\n"))
        return f"\\begin{{rccode}}\n{body}\n\\end{{rccode}}"

    @staticmethod
    def _code_line(line: str, width: int) -> str:
        """A line with its continuations, which no page or column parts from it."""
        first, *more = broken(line, width)
        pieces = (first, *(f"    {part}" for part in more))
        return "\\\\*\n".join(f"\\strut{{}}{escape_code(piece, spaces=True)}" for piece in pieces)

    def figure(self, figure: Figure) -> str:
        star = "*" if self.template.columns == 2 and figure.width == "full" else ""
        width = "\\textwidth" if star else "\\columnwidth"
        return (
            f"\\begin{{figure{star}}}[{self.placement}]\n\\centering\n"
            f"\\rcgraphics{{{width}}}{{{figure.path}}}\n"
            f"\\caption{{{self.inlines(figure.caption)}}}\\label{{fig:{figure.id}}}\n\\end{{figure{star}}}"
        )

    def largest_size(self, document: Document, *, in_appendix: bool) -> int:
        """Place in the sizes of the type that every table of the part can have; the smallest is for those that need it alone."""
        parts = [section.blocks for section in document.sections if section.appendix == in_appendix]
        fits = [self.fit(block, 0, in_appendix)[0] for blocks in parts for block in blocks if isinstance(block, Table)]
        return min(len(_SIZES) - 2, max(([size for size, *_ in _SIZES].index(fit.size) for fit in fits), default=0))

    def fit(self, table: Table, size: int, in_appendix: bool) -> tuple[_Fit, str]:
        """The columns, and '*' for a table over both columns of the page."""
        fit = _fit(table, self.template.column_pt, size)
        # In the appendix broken cells do less harm than a table over both columns, which may drift to a page of its own.
        if self.template.columns == 2 and fit.broken and (fit.scaled or not in_appendix):
            return _fit(table, self.template.text_pt, size), "*"
        return fit, ""

    def table(self, table: Table) -> str:
        fit, star = self.fit(table, self.sizes[self.in_appendix], self.in_appendix)
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
        # Where cells go over several lines a little room shows where a row ends.
        return " & ".join(self.inlines(cell) for cell in row) + (" \\\\\\addlinespace[2pt]\n" if fit.broken else " \\\\\n")


# ---------------------------------------------------------------- how wide a table is

_WIDTHS = {
    sign: width
    for width, signs in (
        (2.5, " .,"), (2.78, "/:;ijlt"), (3.33, "!'()-Ifr[]"), (3.89, "Js"), (4.08, '"'), (4.44, "?acez"),
        (5.0, "0123456789#$*bdghknopquvxy_"),
        (5.56, "FPS"), (5.64, "+<=>"), (6.11, "ELTZ"), (6.67, "BCR"), (7.22, "ADGHKNOQUVXYw"), (7.78, "&m−"), (8.33, "%"), (8.89, "M"),
        (9.44, "W@"),
    )
    for sign in signs
}  # fmt: skip
"""Widths in pt of 10 pt Times Roman (Adobe's metrics)."""
_COURIER = 6.0
_MARGIN = 1.02
"""For what the metrics do not say: accents, kerning, microtype."""
_BOLD = 1.1
_SIDES = {"left": "l", "right": "r", "center": "c"}
_RAGGED = {"left": "\\raggedright", "right": "\\raggedleft", "center": "\\centering"}
_SIZES = (("", 1.0, 6.0), ("\\small", 0.9, 5.0), ("\\footnotesize", 0.9, 4.0), ("\\scriptsize", 0.7, 3.0))
"""Size command, its scale, and half the distance of two columns in pt."""


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


def _width(text: str, cell: Inlines) -> float:
    """Width in pt of a piece of a cell in one line at 10 pt; signs that the table lacks count as wide."""
    parts = tuple(flat(cell))
    if any(isinstance(part, Code) for part in parts):
        return _COURIER * len(text)
    minus = re.sub(r"(?<!\w)[-+](?=\d)", "−", text)
    return sum(_WIDTHS.get(sign, 8.0) for sign in minus) * (_BOLD if any(isinstance(part, Strong) for part in parts) else 1.0)


def _words(cell: Inlines) -> str:
    return "".join(_shown(inline) for inline in flat(cell))


def _natural(table: Table) -> list[float]:
    """Width of each column without a line break, in pt at 10 pt."""
    columns = zip(table.header, *table.rows, strict=True)
    return [max(_width(_words(cell), cell) for cell in column) for column in columns]


def _least(table: Table) -> list[float]:
    """Width below which a column would break inside a word, or inside a cell of numbers (not left-aligned)."""
    widths = []
    for side, header, *cells in zip(table.alignment, table.header, *table.rows, strict=True):
        pieces = [(word, header) for word in _words(header).split()]
        for cell in cells:
            pieces += [(piece, cell) for piece in (_words(cell).split() if side == "left" else [_words(cell)])]
        widths.append(max((_width(piece, cell) for piece, cell in pieces), default=5.0))
    return widths


def _fit(table: Table, available: float, size: int = 0) -> _Fit:
    """Columns that fit: natural width first, then smaller type, then broken cells, at last a scaled box.

    size: place in the sizes of the largest type that it may have.
    """
    natural, least = _natural(table), _least(table)
    gaps = 2 * (len(natural) - 1)
    unbroken = "".join(_SIDES[side] for side in table.alignment)
    for command, scale, separation in _SIZES[size:3]:
        if sum(natural) * scale * _MARGIN + separation * gaps <= available:
            return _Fit(columns=unbroken, size=command, separation_pt=separation)
    for command, scale, separation in _SIZES[max(size, 1) :]:
        needed = [width * scale * _MARGIN + 1 for width in least]
        room = available - separation * gaps - 2
        if sum(needed) <= room:
            wanted = [max(width * scale * _MARGIN + 1, need) for width, need in zip(natural, needed, strict=True)]
            widths = _shared(table.alignment, needed, wanted, room)
            columns = "".join(
                _SIDES[side] if width >= want else f">{{{_RAGGED[side]}\\arraybackslash}}p{{{int(width)}pt}}"
                for side, width, want in zip(table.alignment, widths, wanted, strict=True)
            )
            return _Fit(columns=columns, size=command, separation_pt=separation, broken=True)
    return _Fit(columns=unbroken, size="\\scriptsize", separation_pt=3.0, broken=True, scaled=True)


def _shared(alignment: Sequence[str], needed: Sequence[float], wanted: Sequence[float], room: float) -> list[float]:
    """The room divided: columns of numbers get what they want before columns of words do."""
    widths = list(needed)
    for words in (False, True):
        turn = [number for number, side in enumerate(alignment) if (side == "left") == words]
        wish = sum(wanted[number] - needed[number] for number in turn)
        share = min((room - sum(widths)) / wish, 1.0) if wish > 0 else 1.0
        for number in turn:
            widths[number] = wanted[number] if share == 1.0 else needed[number] + share * (wanted[number] - needed[number])
    return widths
