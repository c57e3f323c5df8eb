"""The manuscript's Markdown dialect: read and written, the identity on what we write.

    # Title                                      ## Abstract
    ## Introduction {#sec:introduction}          ### A subsection {#sec:setup}      ## Seed values {#sec:seeds .appendix}
    [@key1; @key2]  @key                         {{ours.val_bpb.mean|f3}}          $\\alpha$      @fig:curves @tbl:main @sec:method
    | a | b |                                    ![Caption.](charts/curves.pdf){#fig:curves alt="What is seen" width=full}
    |---|--:|
    | x | y |                                    $$ y = a x $$ {#eq:line}
    : Caption. {#tbl:main}

Lists are flat, paragraphs may span lines, HTML is text. What the dialect lacks (nested lists, quotes, rules, inline pictures) is
refused with its line: nothing is dropped silently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TypeVar

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from pydantic import ValidationError

from stages.errors import ManuscriptRefused
from stages.g_writing.document import (
    Alignment,
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
)

Made = TypeVar("Made")
_KEY = r"[A-Za-z0-9](?:[A-Za-z0-9_:./+-]*[A-Za-z0-9_])?"
_TARGET = re.compile(r"@((?:fig|tbl|sec|eq):[a-z](?:[a-z0-9_-]*[a-z0-9])?)")
_TEXTUAL = re.compile(rf"@({_KEY})")
_PAREN = re.compile(rf"\[@({_KEY}(?:;\s*@{_KEY})*)\]")
_VALUE = re.compile(r"\{\{\s*([^{}|]+?)\s*(?:\|\s*([a-z0-9]+)\s*)?\}\}")
_MATHS = re.compile(r"\$(?![\s$])((?:\\.|[^$\\])*?(?:\\.|[^$\\\s]))\$(?!\d)")
_HEADING = re.compile(r"^(?P<title>.*?)\s*\{#sec:(?P<id>[a-z][a-z0-9_-]*)(?P<appendix>\s+\.appendix)?\}$")
_FIGURE = re.compile(
    r"^!\[(?P<caption>.*)\]\((?P<path>[^()\s]+)\)"
    r"\{#fig:(?P<id>[a-z][a-z0-9_-]*)(?:\s+alt=\"(?P<alt>(?:[^\"\\]|\\.)*)\")?(?:\s+width=(?P<width>column|full))?\}$",
    re.DOTALL,
)
_CAPTION = re.compile(r"^:\s+(?P<caption>.*?)\s*\{#tbl:(?P<id>[a-z][a-z0-9_-]*)\}$", re.DOTALL)
_EQUATION = re.compile(r"^\$\$\s*(?P<tex>.+?)\s*\$\$(?:\s*\{#eq:(?P<id>[a-z][a-z0-9_-]*)\})?$", re.DOTALL)


# ---------------------------------------------------------------- reading


def parse(markdown: str, authors: Sequence[str] = ()) -> Document:
    """The document that the text says.

    authors: kept beside the Markdown (`Manuscript.authors`), never in it.
    Raises:
        ManuscriptRefused: something is not of the dialect; the message begins with the line.
    """
    return _Reader(markdown).document(tuple(authors))


def parse_inlines(text: str) -> Inlines:
    """One run of prose, e.g. an analyst's remark, as inlines.

    Raises:
        ManuscriptRefused: an inline picture or another thing that running text cannot hold.
    """
    tokens = _parser().parseInline(text)
    return _Inliner(1).read(tokens[0].children or [])


@cache
def _parser() -> MarkdownIt:
    """CommonMark with tables; without HTML, entities, indented code, setext headings and link definitions."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.disable(["html_block", "html_inline", "lheading", "reference", "code", "entity"])
    parser.inline.ruler.before("escape", "rc_value", _match_rule("{{", _VALUE, "value"))
    parser.inline.ruler.before("escape", "rc_maths", _match_rule("$", _MATHS, "maths"))
    parser.inline.ruler.before("link", "rc_paren", _match_rule("[@", _PAREN, "paren"))
    parser.inline.ruler.before("link", "rc_target", _match_rule("@", _TARGET, "target", after_word=False))
    parser.inline.ruler.before("link", "rc_textual", _match_rule("@", _TEXTUAL, "textual", after_word=False))
    return parser


class _match_rule:  # noqa: N801 - reads as the verb it is at its five places of use
    """A markdown-it inline rule that turns one regular expression into one token."""

    def __init__(self, start: str, pattern: re.Pattern[str], kind: str, *, after_word: bool = True) -> None:
        self.start, self.pattern, self.kind, self.after_word = start, pattern, kind, after_word

    def __call__(self, state: StateInline, silent: bool) -> bool:
        if not state.src.startswith(self.start, state.pos):
            return False
        if not self.after_word and state.pos > 0 and (state.src[state.pos - 1].isalnum() or state.src[state.pos - 1] == "_"):
            return False
        match = self.pattern.match(state.src, state.pos, state.posMax)
        if match is None:
            return False
        if not silent:
            token = state.push(self.kind, "", 0)
            token.content = match[1]
            token.info = (match[2] or "") if self.kind == "value" else ""
        state.pos = match.end()
        return True


class _Inliner:
    """Tokens of one run of text into inlines."""

    def __init__(self, line: int) -> None:
        self.line = line

    def read(self, tokens: Sequence[Token]) -> Inlines:
        stack: list[list[Inline]] = [[]]
        for token in tokens:
            match token.type:
                case "em_open" | "strong_open" | "link_open":
                    stack.append([])
                case "em_close":
                    self._close(stack, lambda content: Emphasis(content=content))
                case "strong_close":
                    self._close(stack, lambda content: Strong(content=content))
                case "link_close":
                    self._close(stack, self._link(tokens, token))
                case _:
                    stack[-1].append(self._leaf(token))
        return _merged(stack[0])

    def _close(self, stack: list[list[Inline]], make: Callable[[Inlines], Inline]) -> None:
        content = _merged(stack.pop())
        stack[-1].append(make(content))

    def _link(self, tokens: Sequence[Token], close: Token) -> Callable[[Inlines], Inline]:
        """Maker of the link whose closing token this is; links do not nest, so the nearest opening before it is its own."""
        position = next(i for i, token in enumerate(tokens) if token is close)
        opening = next(token for token in reversed(tokens[:position]) if token.type == "link_open")
        return lambda content: Link(url=str(opening.attrs["href"]), content=content)

    def _leaf(self, token: Token) -> Inline:  # noqa: PLR0911 - one return for each kind of token
        match token.type:
            case "text" | "text_special":
                return Text(text=token.content)
            case "softbreak" | "hardbreak":
                return Text(text=" ")
            case "code_inline":
                return Code(text=token.content)
            case "value":
                return ValueRef(expression=token.content, format=token.info or None)
            case "maths":
                return Maths(tex=token.content)
            case "paren":
                keys = tuple(part.strip().removeprefix("@") for part in token.content.split(";"))
                return Cite(keys=keys, style="paren")
            case "textual":
                return Cite(keys=(token.content,), style="text")
            case "target":
                return Reference(target=token.content)
            case "image":
                raise _refused(self.line, "a picture stands alone in its paragraph, as ![caption](charts/id.pdf){#fig:id}")
        raise _refused(self.line, f"running text cannot hold {token.type!r}")


def _merged(content: Iterable[Inline]) -> Inlines:
    """Neighbouring texts become one, empty ones vanish."""
    merged: list[Inline] = []
    for inline in content:
        if isinstance(inline, Text):
            if not inline.text:
                continue
            if merged and isinstance(last := merged[-1], Text):
                merged[-1] = Text(text=last.text + inline.text)
                continue
        merged.append(inline)
    return tuple(merged)


def _refused(line: int, what: str) -> ManuscriptRefused:
    return ManuscriptRefused(f"line {line}: {what}")


def _row_protected(line: str) -> str:
    """A bar inside {{…|…}} would split a table cell: GFM cuts cells before it looks at anything else."""
    if not line.lstrip().startswith("|"):
        return line
    return re.sub(r"\{\{[^{}]*\}\}", lambda match: re.sub(r"(?<!\\)\|", r"\\|", match[0]), line)


class _Reader:
    """Walks the block tokens of one text."""

    def __init__(self, markdown: str) -> None:
        self.tokens = _parser().parse("\n".join(map(_row_protected, markdown.splitlines())))
        self.at = 0
        self.ids: set[str] = set()

    def document(self, authors: tuple[str, ...]) -> Document:
        title: str | None = None
        abstract: list[Block] | None = None
        sections: list[Section] = []
        blocks: list[Block] | None = None
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            line = self._line(token)
            if token.type != "heading_open":
                block = self._block()
                if blocks is None:
                    raise _refused(line, "text stands before the first section; begin with '# Title' and '## Abstract'")
                blocks.append(block)
                continue
            content = self.tokens[self.at + 1]
            self.at += 3
            level = int(token.tag[1:])
            if level == 1:
                if title is not None:
                    raise _refused(line, "a second title; sections begin with '## '")
                title = self._plain(content, line)
            elif title is None:
                raise _refused(line, "the first line must be '# Title'")
            elif level == 2 and content.content.strip() == "Abstract":
                if abstract is not None or sections:
                    raise _refused(line, "the abstract stands once, before the first section")
                abstract = blocks = []
            else:
                self._finish(sections, blocks)
                sections.append(self._section(content, level, line))
                blocks = []
        self._finish(sections, blocks)
        if title is None:
            raise _refused(1, "the first line must be '# Title'")
        return Document(title=title, authors=authors, abstract=tuple(abstract or ()), sections=tuple(sections))

    def _finish(self, sections: list[Section], blocks: list[Block] | None) -> None:
        """Give the last section the blocks that were read since its heading."""
        if sections and blocks is not None:
            sections[-1] = sections[-1].model_copy(update={"blocks": tuple(blocks)})

    def _section(self, content: Token, level: int, line: int) -> Section:
        if level > 4:
            raise _refused(line, "sections go three deep: ##, ### and ####")
        match = _HEADING.match(content.content.strip())
        if match is None:
            raise _refused(line, f"the heading {content.content!r} needs an id: '## Method {{#sec:method}}'")
        title = self._plain(_parser().parseInline(match["title"])[0], line)
        self._unique(f"sec:{match['id']}", line)
        return _made(
            line,
            lambda: Section.model_validate(
                {"id": match["id"], "title": title, "level": level - 1, "appendix": match["appendix"] is not None},
            ),
        )

    def _plain(self, content: Token, line: int) -> str:
        inlines = _Inliner(line).read(content.children or [])
        if len(inlines) != 1 or not isinstance(first := inlines[0], Text):
            raise _refused(line, "a title holds plain words only")
        return first.text

    def _unique(self, label: str, line: int) -> None:
        if label in self.ids:
            raise _refused(line, f"the label {label} is used twice")
        self.ids.add(label)

    def _line(self, token: Token) -> int:
        return token.map[0] + 1 if token.map else 1

    def _block(self) -> Block:
        token = self.tokens[self.at]
        line = self._line(token)
        match token.type:
            case "paragraph_open":
                content = self.tokens[self.at + 1]
                self.at += 3
                return self._paragraph(content, line)
            case "bullet_list_open":
                return BulletList(items=self._items("bullet_list_close"))
            case "ordered_list_open":
                if token.attrs.get("start", 1) != 1:
                    raise _refused(line, "numbered lists begin at 1")
                return NumberedList(items=self._items("ordered_list_close"))
            case "table_open":
                return self._table(line)
            case "fence":
                self.at += 1
                return CodeBlock(text=token.content.removesuffix("\n"), language=token.info.strip())
        names = {"blockquote_open": "a quotation block", "hr": "a horizontal rule"}
        raise _refused(line, f"the dialect has no {names.get(token.type, token.type)}")

    def _paragraph(self, content: Token, line: int) -> Block:
        text = content.content.strip()
        if match := _EQUATION.match(text):
            if match["id"]:
                self._unique(f"eq:{match['id']}", line)
            return Equation(tex=match["tex"], id=match["id"])
        if text.startswith("$$"):
            raise _refused(line, "a display formula is '$$ … $$' alone in its paragraph, with an optional {#eq:id}")
        if match := _FIGURE.match(text):
            self._unique(f"fig:{match['id']}", line)
            alt = re.sub(r"\\(.)", r"\1", match["alt"] or "")
            caption = self._inline(match["caption"], line)
            return _made(
                line,
                lambda: Figure.model_validate(
                    {"id": match["id"], "path": match["path"], "caption": caption, "alt": alt, "width": match["width"] or "column"},
                ),
            )
        if _CAPTION.match(text):
            raise _refused(line, "a table caption without a table above it")
        return _made(line, lambda: Paragraph(content=_Inliner(line).read(content.children or [])))

    def _inline(self, text: str, line: int) -> Inlines:
        return _Inliner(line).read(_parser().parseInline(text.replace("\n", " "))[0].children or [])

    def _items(self, closing: str) -> tuple[Inlines, ...]:
        items: list[Inlines] = []
        self.at += 1
        while self.tokens[self.at].type != closing:
            shape = [token.type for token in self.tokens[self.at : self.at + 5]]
            line = self._line(self.tokens[self.at])
            if shape != ["list_item_open", "paragraph_open", "inline", "paragraph_close", "list_item_close"]:
                raise _refused(line, "a list item is one paragraph; lists do not nest")
            items.append(_Inliner(line).read(self.tokens[self.at + 2].children or []))
            self.at += 5
        self.at += 1
        return tuple(items)

    def _table(self, line: int) -> Table:
        """Rows and the caption, which GFM takes for a last row when no blank line stands before it."""
        rows: list[list[Token]] = []
        alignment: list[Alignment] = []
        while (token := self.tokens[self.at]).type != "table_close":
            if token.type == "tr_open":
                rows.append([])
            elif token.type in {"th_open", "td_open"}:
                rows[-1].append(self.tokens[self.at + 1])
                if token.type == "th_open":
                    alignment.append(_alignment(str(token.attrs.get("style", ""))))
            self.at += 1
        self.at += 1
        if len(rows) > 1 and rows[-1][0].content.startswith(": "):
            caption, caption_line = " ".join(cell.content for cell in rows.pop()).strip(), line
        else:
            following = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None
            if following is None or following.type != "inline" or not following.content.startswith(": "):
                raise _refused(line, "a table is followed by its caption: ': Caption. {#tbl:id}'")
            caption, caption_line = following.content.strip(), self._line(self.tokens[self.at])
            self.at += 3
        match = _CAPTION.match(caption)
        if match is None:
            raise _refused(caption_line, f"the caption {caption!r} needs a label at its end: {{#tbl:id}}")
        self._unique(f"tbl:{match['id']}", line)
        cells = [tuple(_Inliner(line + 1).read(cell.children or []) for cell in row) for row in rows]
        content = self._inline(match["caption"], caption_line)
        return _made(
            line,
            lambda: Table(id=match["id"], caption=content, header=cells[0], rows=tuple(cells[1:]), alignment=tuple(alignment)),
        )


def _made(line: int, make: Callable[[], Made]) -> Made:
    """The model, its validation error turned into ours with the line."""
    try:
        return make()
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _refused(line, f"{place}: {first['msg']}") from exc


def _alignment(style: str) -> Alignment:
    if style.endswith("right"):
        return "right"
    return "center" if style.endswith("center") else "left"


# ---------------------------------------------------------------- writing


def print_markdown(document: Document) -> str:
    """The document in the dialect; `parse(print_markdown(d), d.authors) == d` and printing again changes nothing."""
    parts = [f"# {_words(document.title, start=True)}", "## Abstract", *map(_print_block, document.abstract)]
    for section in document.sections:
        mark = " .appendix" if section.appendix else ""
        parts.append(f"{'#' * (section.level + 1)} {_words(section.title, start=True)} {{#sec:{section.id}{mark}}}")
        parts.extend(map(_print_block, section.blocks))
    return "\n\n".join(parts) + "\n"


def _print_block(block: Block) -> str:  # noqa: PLR0911 - one return for each kind of block
    match block:
        case Paragraph():
            return print_inlines(block.content, start=True)
        case BulletList():
            return "\n".join(f"- {print_inlines(item, start=True)}" for item in block.items)
        case NumberedList():
            return "\n".join(f"{number}. {print_inlines(item, start=True)}" for number, item in enumerate(block.items, 1))
        case Table():
            return _print_table(block)
        case Figure():
            alt = block.alt.replace("\\", "\\\\").replace('"', '\\"')
            attributes = f"#fig:{block.id}" + (f' alt="{alt}"' if alt else "") + (" width=full" if block.width == "full" else "")
            return f"![{print_inlines(block.caption)}]({block.path}){{{attributes}}}"
        case Equation():
            return f"$$ {block.tex} $$" + (f" {{#eq:{block.id}}}" if block.id else "")
        case CodeBlock():
            longest = max((len(run) for run in re.findall(r"`+", block.text)), default=0)
            fence = "`" * max(3, longest + 1)
            return f"{fence}{block.language}\n{block.text}\n{fence}"


def _print_table(table: Table) -> str:
    rules = {"left": "---", "right": "--:", "center": ":-:"}
    lines = [_print_row(table.header), "|" + "|".join(rules[side] for side in table.alignment) + "|"]
    lines += [_print_row(row) for row in table.rows]
    return "\n".join(lines) + f"\n\n: {print_inlines(table.caption)} {{#tbl:{table.id}}}"


def _print_row(row: Sequence[Inlines]) -> str:
    return "| " + " | ".join(_escaped_bars(print_inlines(cell)) for cell in row) + " |"


def _escaped_bars(cell: str) -> str:
    """Bars of the cell escaped, except inside {{…|…}}, which the reader protects itself."""
    pieces = re.split(r"(\{\{[^{}]*\}\})", cell)
    return "".join(piece if piece.startswith("{{") else piece.replace("|", "\\|") for piece in pieces)


def print_inlines(content: Inlines, *, start: bool = False) -> str:
    """Inlines in the dialect; start: they open a block, so that nothing may look like a list, heading or caption."""
    return "".join(_print_inline(inline, start=start and number == 0) for number, inline in enumerate(content))


def _print_inline(inline: Inline, *, start: bool) -> str:  # noqa: PLR0911 - one return for each kind of inline
    match inline:
        case Text():
            return _words(inline.text, start=start)
        case Emphasis():
            return f"*{print_inlines(inline.content)}*"
        case Strong():
            return f"**{print_inlines(inline.content)}**"
        case Code():
            return _print_code(inline.text)
        case Cite(style="paren"):
            return "[" + "; ".join(f"@{key}" for key in inline.keys) + "]"
        case Cite():
            return "@" + inline.keys[0]
        case ValueRef():
            return "{{" + inline.expression + (f"|{inline.format}" if inline.format else "") + "}}"
        case Maths():
            return f"${inline.tex}$"
        case Reference():
            return "@" + inline.target
        case Link():
            return f"[{print_inlines(inline.content)}]({inline.url})"


def _print_code(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or (text.strip(" ") and text[0] == text[-1] == " ") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _words(text: str, *, start: bool) -> str:
    """Text with every character escaped that the dialect would take for a mark."""
    text = re.sub(r"\s*\n\s*", " ", text)
    text = re.sub(r"([\\`*\[\]$<])", r"\\\1", text)
    text = re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", text)
    text = re.sub(r"(?<![A-Za-z0-9_])@(?=[A-Za-z0-9])", r"\\@", text)
    text = text.replace("{{", "\\{\\{").replace("{#", "\\{#")
    if start:
        text = re.sub(r"^(\s*)([#+\-:>|=~])", r"\1\\\2", text)
        text = re.sub(r"^(\s*\d+)([.)])", r"\1\\\2", text)
    return text
