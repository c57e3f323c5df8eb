"""The document as Typst (0.15), for a machine without TeX: the same model, marked as a preview on its first page.

Words are string literals (`#"…";`), which Typst never reads as markup; maths comes from the parsed tree, not from its source.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

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
)
from stages.g_writing.maths import FUNCTIONS, Node, Refused, parse_maths
from stages.h_finalization.typst_references import REFERENCE_STYLE

PREVIEW = "Preview typeset without LaTeX; paper.tex is the reference."

_SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "varpi": "ϖ", "rho": "ρ",
    "varrho": "ϱ", "sigma": "σ", "varsigma": "ς", "tau": "τ", "upsilon": "υ", "phi": "ϕ", "varphi": "φ", "chi": "χ", "psi": "ψ",
    "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ",
    "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "pm": "±", "mp": "∓", "times": "×", "div": "÷", "cdot": "⋅", "ast": "∗", "star": "⋆",
    "circ": "∘", "bullet": "•", "oplus": "⊕", "ominus": "⊖", "otimes": "⊗", "odot": "⊙", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥",
    "neq": "≠", "ne": "≠", "equiv": "≡", "sim": "∼", "simeq": "≃", "approx": "≈", "cong": "≅", "propto": "∝", "ll": "≪", "gg": "≫",
    "subset": "⊂", "supset": "⊃", "subseteq": "⊆", "supseteq": "⊇", "in": "∈", "ni": "∋", "notin": "∉", "cup": "∪", "cap": "∩",
    "setminus": "∖", "wedge": "∧", "land": "∧", "vee": "∨", "lor": "∨", "neg": "¬", "forall": "∀", "exists": "∃", "emptyset": "∅",
    "to": "→", "rightarrow": "→", "leftarrow": "←", "Rightarrow": "⇒", "Leftarrow": "⇐", "leftrightarrow": "↔", "Leftrightarrow": "⇔",
    "mapsto": "↦", "iff": "⇔", "uparrow": "↑", "downarrow": "↓", "infty": "∞", "partial": "∂", "nabla": "∇", "sum": "∑", "prod": "∏",
    "int": "∫", "oint": "∮", "bigcup": "⋃", "bigcap": "⋂", "ldots": "…", "dots": "…", "cdots": "⋯", "vdots": "⋮", "ddots": "⋱",
    "prime": "′", "ell": "ℓ", "hbar": "ℏ", "Re": "ℜ", "Im": "ℑ", "mid": "∣", "parallel": "∥", "perp": "⟂", "top": "⊤", "bot": "⊥",
    "angle": "∠", "langle": "⟨", "rangle": "⟩", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "lvert": "\\|",
    "rvert": "\\|", "lVert": "‖", "rVert": "‖", "backslash": "\\\\", "quad": "quad", "qquad": "wide", "colon": "\\:", "dagger": "†",
    "aleph": "ℵ", "wp": "℘", ",": "thin", ":": "med", ";": "thick", "!": "", " ": "space",
}  # fmt: skip
_COMMANDS = {
    "hat": "hat", "widehat": "hat", "tilde": "tilde", "widetilde": "tilde", "bar": "macron", "overline": "overline",
    "underline": "underline", "vec": "arrow", "dot": "dot", "ddot": "dot.double", "mathrm": "upright", "mathbf": "bold",
    "boldsymbol": "bold", "mathit": "italic", "mathsf": "sans", "mathtt": "mono", "mathcal": "cal", "mathbb": "bb",
    "operatorname": "upright", "sqrt": "sqrt", "frac": "frac", "dfrac": "frac", "tfrac": "frac", "binom": "binom",
}  # fmt: skip
_CHARACTERS = {"'": "′", "-": "−", "*": "∗"}
_LIMITS = frozenset({"lim", "liminf", "limsup", "max", "min", "sup", "inf", "Pr", "det", "gcd"})
_DELIMITERS = {"\\{": "\\{", "\\}": "\\}", "\\|": "‖", ".": ""}

_FRAME = """#set document(title: {title}, author: {authors}, date: none)
#set page(
  paper: "us-letter",
  margin: (x: 1.5in, top: 1in, bottom: 1in),
  numbering: "1",
  footer: context [
    #if counter(page).get().first() == 1 [#text(size: 8pt)[#line(length: 30%, stroke: 0.4pt) {notice}]]
    #align(center)[#counter(page).display("1")]
  ],
)
#set text(font: ("TeX Gyre Termes", "Liberation Serif", "Libertinus Serif"), size: 10pt, lang: "en")
#set par(justify: true, leading: 0.55em, spacing: 0.95em)
#show heading: set text(size: 10pt)
#show heading.where(level: 1): set text(size: 12pt)
#show heading: set block(above: 1.4em, below: 0.8em)
#show figure.where(kind: table): set figure.caption(position: top)
#show figure: set figure(placement: auto)
#show figure.caption: set text(size: 9pt)
#show raw: set text(size: 8pt)
#show link: it => it
#set heading(numbering: "1.1")
#set math.equation(numbering: none)
#align(center)[
  #set par(justify: false)
  #line(length: 100%, stroke: 3pt)
  #v(0.5em)
  #text(size: 17pt, weight: "bold", hyphenate: false)[{heading}]
  #v(0.5em)
  #line(length: 100%, stroke: 1pt)
  #v(1em)
  #strong[{names}]
  #v(1em)
  #text(size: 12pt, weight: "bold")[Abstract]
]
#pad(x: 36pt)[
{abstract}
]
{body}
{references}
{appendix}
#context [#metadata(counter(page).final().first()) <pages>]
"""


def render_typst(document: Document, *, notice: str = "") -> str:
    """paper.typ; needs references.bib and the charts beside it.

    document: with values printed (`values.render_values`). notice: as in LaTeX, set after the mark of the preview.
    """
    main = [section for section in document.sections if not section.appendix]
    rest = [section for section in document.sections if section.appendix]
    writer = _Writer(document)
    slots = {
        "title": _string(document.title),
        "authors": "(" + "".join(f"{_string(author)}, " for author in document.authors) + ")",
        "notice": _text(f"{PREVIEW} {notice}".strip()),
        "heading": _text(document.title),
        "names": " #h(2em) ".join(_text(author) for author in document.authors),
        "abstract": writer.blocks(document.abstract),
        "body": "\n".join(writer.section(section) for section in main),
        "references": _references() if cited_keys(document) else "",
        "appendix": "",
    }
    if rest:
        start = '#counter(heading).update(0)\n#set heading(numbering: "A.1")\n'
        slots["appendix"] = start + "\n".join(writer.section(section) for section in rest)
    return re.sub(r"\{([a-z]+)\}", lambda match: slots[match[1]], _FRAME)


def _references() -> str:
    return f'#bibliography("references.bib", title: "References", style: bytes({_string(REFERENCE_STYLE)}))'


def _string(text: str) -> str:
    """A Typst string literal: the words as they are, without controls, invisible marks and direction changes."""
    kept = "".join(
        " " if sign.isspace() else sign for sign in unicodedata.normalize("NFC", text)
        if sign.isspace() or unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )  # fmt: skip
    return '"' + kept.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(text: str) -> str:
    minus = re.sub(r"(?<![\w.,)\]+-])-(?=\d)", "−", text)
    return f"#{_string(minus)};"


class _Writer:
    def __init__(self, document: Document) -> None:
        self.appendices = frozenset(f"sec:{section.id}" for section in document.sections if section.appendix)

    def section(self, section: Section) -> str:
        return f"#heading(level: {section.level})[{_text(section.title)}] <sec:{section.id}>\n\n{self.blocks(section.blocks)}"

    def blocks(self, blocks: Sequence[Block]) -> str:
        return "".join(self.block(block) + "\n\n" for block in blocks)

    def block(self, block: Block) -> str:
        match block:
            case Paragraph():
                return self.inlines(block.content)
            case BulletList() | NumberedList():
                name = "list" if isinstance(block, BulletList) else "enum"
                return f"#{name}(" + ", ".join(f"[{self.inlines(item)}]" for item in block.items) + ")"
            case Table():
                return self.table(block)
            case Figure():
                picture = f"image({_string(block.path)}, alt: {_string(block.alt)})"
                return f"#figure({picture}, caption: [{self.inlines(block.caption)}]) <fig:{block.id}>"
            case Equation():
                label = f" <eq:{block.id}>" if block.id else ""
                numbering = 'numbering: "(1)", ' if block.id else ""
                formula = _formula(block.tex)
                shown = f"$ {formula} $" if formula is not None else f"[#raw({_string(block.tex)})]"
                return f"#math.equation({numbering}block: true, {shown}){label}"
            case CodeBlock():
                lines = " + linebreak() + ".join(f"raw({_string(_spaced(line))})" for line in block.text.split("\n"))
                return f"#block[#({lines})]"

    def inlines(self, content: Inlines) -> str:
        return "".join(self.inline(inline) for inline in content)

    def inline(self, inline: Inline) -> str:  # noqa: PLR0911 - one return for each kind of inline
        match inline:
            case Text():
                return _text(inline.text)
            case Emphasis():
                return f"#emph[{self.inlines(inline.content)}];"
            case Strong():
                return f"#strong[{self.inlines(inline.content)}];"
            case Code():
                return f"#raw({_string(inline.text)});"
            case Cite():
                form = ', form: "prose"' if inline.style == "text" else ""
                return "".join(f"#cite(label({_string(key)}){form});" for key in inline.keys)
            case ValueRef():
                raise AssertionError(f"{{{{{inline.expression}}}}} is not printed; render_values comes first")
            case Maths():
                formula = _formula(inline.tex)
                return f"${formula}$" if formula is not None else f"#raw({_string(inline.tex)});"
            case Reference():
                word = {"fig": "Figure", "tbl": "Table", "sec": "Section", "eq": "Equation"}[inline.target.partition(":")[0]]
                word = "Appendix" if inline.target in self.appendices else word
                return f"#ref(<{inline.target}>, supplement: [{word}]);"
            case Link():
                if not re.match(r"(https?://|mailto:)", inline.url):
                    return self.inlines(inline.content)
                return f"#link({_string(inline.url)})[{self.inlines(inline.content)}];"

    def table(self, table: Table) -> str:
        def row(cells: Sequence[Inlines]) -> str:
            return "".join(f"[{self.inlines(cell)}], " for cell in cells)

        sides = "".join(f"{side}, " for side in table.alignment)
        body = "\n    ".join(row(cells) for cells in table.rows)
        return (
            f"#figure(kind: table, caption: [{self.inlines(table.caption)}], text(size: 9pt, table(\n"
            f"    columns: {len(table.header)}, align: ({sides}), stroke: none, inset: (x: 4pt, y: 2.5pt),\n"
            f"    table.hline(stroke: 0.8pt), table.header({row(table.header)}), table.hline(stroke: 0.5pt),\n"
            f"    {body}\n    table.hline(stroke: 0.8pt),\n))) <tbl:{table.id}>"
        )


def _spaced(line: str) -> str:
    """Leading blanks as no-break spaces: a raw line loses none of its indentation."""
    stripped = line.lstrip(" ")
    return "\u00a0" * (len(line) - len(stripped)) + stripped


# ---------------------------------------------------------------- maths


def _formula(tex: str) -> str | None:
    """The formula in Typst's notation, or None when it is not of the allowed maths."""
    try:
        return _row(parse_maths(tex))
    except Refused:
        return None


def _row(nodes: Sequence[Node]) -> str:
    return " ".join(piece for node in nodes if (piece := _node(node)))


def _argument(nodes: Sequence[Node]) -> str:
    return _row(nodes) or '""'


def _node(node: Node) -> str:  # noqa: PLR0911 - one return for each kind of node
    match node.kind:
        case "char":
            return node.value if node.value.isalnum() else _CHARACTERS.get(node.value, "\\" + node.value)
        case "symbol":
            if node.value in FUNCTIONS:
                return f'op("{node.value}", limits: #{"true" if node.value in _LIMITS else "false"})'
            return _SYMBOLS[node.value]
        case "group":
            return _row(node.parts[0]) if node.parts else ""
        case "text":
            return f'"{node.value}"'
        case "command":
            return f"{_COMMANDS[node.value]}({', '.join(_argument(part) for part in node.parts)})"
        case "script":
            base, below, above = node.parts
            scripts = (f", b: {_argument(below)}" if below else "") + (f", t: {_argument(above)}" if above else "")
            return f"attach({_argument(base)}{scripts})"
        case "fenced":
            opening, closing = (_delimiter(token) for token in node.value.split(" "))
            return f"lr({opening} {_row(node.parts[0])} {closing})"
    return _environment(node)


def _delimiter(token: str) -> str:
    if token in _DELIMITERS:
        return _DELIMITERS[token]
    return _SYMBOLS[token[1:]] if token.startswith("\\") else "\\" + token


def _environment(node: Node) -> str:
    cells = iter(node.parts)
    rows = [[_argument(next(cells)) for _ in range(count)] for count in node.rows]
    if node.value == "aligned":
        return " \\ ".join(" & ".join(row) for row in rows)
    if node.value == "cases":
        return "cases(" + ", ".join(" & ".join(row) for row in rows) + ")"
    delimiter = {"matrix": "#none", "pmatrix": '"("', "bmatrix": '"["', "vmatrix": '"|"'}[node.value]
    return f"mat(delim: {delimiter}, " + "; ".join(", ".join(row) for row in rows) + ")"
