"""The maths that a manuscript may hold: an allow-list, parsed into a tree, so that no formula can reach TeX's own language.

A formula outside the list is not dropped: the lint refuses it, and the renderers show its source as code. The tree also serves
the Typst renderer, which has another notation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi rho varrho sigma "
    "varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split(),
)
FUNCTIONS = frozenset(
    "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log max min Pr "
    "sec sin sinh sup tan tanh".split(),
)
SYMBOLS = frozenset(
    "pm mp times div cdot ast star circ bullet oplus ominus otimes odot leq le geq ge neq ne equiv sim simeq approx cong "
    "propto ll gg subset supset subseteq supseteq in ni notin cup cap setminus wedge vee land lor neg forall exists emptyset "
    "to rightarrow leftarrow Rightarrow Leftarrow leftrightarrow Leftrightarrow mapsto iff uparrow downarrow infty partial "
    "nabla sum prod int oint bigcup bigcap ldots cdots vdots ddots dots prime ell hbar Re Im mid parallel perp top bot angle "
    "langle rangle lfloor rfloor lceil rceil lvert rvert lVert rVert backslash quad qquad colon dagger aleph wp".split(),
)
SPACES = frozenset({",", ";", ":", "!", " "})
ESCAPED = frozenset({"{", "}", "%", "$", "&", "#", "_", "|"})
ONE_ARGUMENT = frozenset(
    "hat widehat tilde widetilde bar overline underline vec dot ddot mathrm mathbf mathit mathsf mathtt mathcal mathbb "
    "boldsymbol operatorname".split(),
)
TWO_ARGUMENTS = frozenset({"frac", "dfrac", "tfrac", "binom"})
ENVIRONMENTS = frozenset({"matrix", "pmatrix", "bmatrix", "vmatrix", "cases", "aligned"})
DELIMITERS = frozenset({"(", ")", "[", "]", "|", ".", "/", "\\{", "\\}", "\\|"}) | frozenset(
    f"\\{name}" for name in ("langle", "rangle", "lfloor", "rfloor", "lceil", "rceil", "lvert", "rvert", "lVert", "rVert")
)
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-*/=<>()[]|.,;:!?'")
BARE = GREEK | {"infty", "prime", "ast", "star", "circ", "top", "perp", "dagger", "ell", "pm"}
"""What may be a sub- or superscript without braces: one symbol for TeX too."""
LONGEST = 600
"""Characters of one formula, a guess far above any in the papers read; guards the parser's depth."""

SUPER, SUB, OPEN, TIE, END, BREAK = "^", "_", "{", "~", "\\end", "\\\\"
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
_PROSE = re.compile(r"[A-Za-z0-9 ,.:;()'/+-]*")


@dataclass(frozen=True)
class Node:
    """One piece of a formula.

    kind: char, symbol, group, command, text, fenced, environment or script. value: the character, name or words. parts: the
    arguments, each a row; of a script: base, subscript, superscript (empty rows where there is none); of an environment: its
    cells row by row with `width` cells in each row as given in `rows`.
    """

    kind: str
    value: str = ""
    parts: tuple[tuple[Node, ...], ...] = ()
    rows: tuple[int, ...] = field(default=())


class Refused(Exception):
    """The formula is not of the allowed subset; the message says which part."""


def refusal(tex: str) -> str | None:
    """Why the formula is refused, or None when it is allowed."""
    try:
        parse_maths(tex)
    except Refused as exc:
        return str(exc)
    return None


def parse_maths(tex: str) -> tuple[Node, ...]:
    """The formula as a tree.

    Raises:
        Refused: a command, character or shape outside the allow-list.
    """
    if len(tex) > LONGEST:
        raise Refused(f"longer than {LONGEST} characters")
    if not tex.strip():
        raise Refused("empty")
    parser = _Parser(tex)
    row = parser.row(frozenset())
    if parser.peek() is not None:
        raise Refused(f"unexpected {parser.peek()}")
    return row


class _Parser:
    def __init__(self, tex: str) -> None:
        self.tokens = [token for token in _TOKEN.findall(tex) if not token.isspace()]
        # In \text{…} spaces count, so its words are taken from the source itself.
        self.words = iter(re.findall(r"\\text\s*\{([^{}]*)\}", tex))
        self.at = 0
        self.depth = 0

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> str:
        token = self.peek()
        if token is None:
            raise Refused("ends too early")
        self.at += 1
        return token

    def row(self, until: frozenset[str]) -> tuple[Node, ...]:
        self.depth += 1
        if self.depth > 20:
            raise Refused("nested too deeply")
        nodes: list[Node] = []
        while (token := self.peek()) is not None and token not in until:
            nodes.append(self.scripted())
        self.depth -= 1
        return tuple(nodes)

    def scripted(self) -> Node:
        base = self.atom()
        below: tuple[Node, ...] = ()
        above: tuple[Node, ...] = ()
        while (token := self.peek()) in {SUPER, SUB}:
            self.take()
            if (above and token == SUPER) or (below and token == SUB):
                raise Refused("double superscript or subscript")
            argument = self.argument() or (Node("group"),)
            if token == SUPER:
                above = argument
            else:
                below = argument
        if above and (base == Node("char", "'") or self.peek() == "'"):
            raise Refused("a prime beside a superscript")
        return Node("script", parts=((base,), below, above)) if below or above else base

    def argument(self) -> tuple[Node, ...]:
        """A braced row or one atom."""
        if self.peek() == "{":
            self.take()
            row = self.row(frozenset({"}"}))
            self.expect("}")
            return row
        token = self.peek()
        if token in {"^", "_", "}", "&", "'", None}:
            raise Refused("an argument is missing")
        if token is not None and len(token) > 1 and token[1:] not in BARE:
            raise Refused(f"{token} as an argument without braces")
        return (self.atom(),)

    def expect(self, token: str) -> None:
        if self.peek() != token:
            raise Refused(f"{token} is missing")
        self.take()

    def atom(self) -> Node:
        token = self.take()
        if token == OPEN:
            row = self.row(frozenset({"}"}))
            self.expect("}")
            return Node("group", parts=(row,))
        if token.startswith("\\"):
            return self.command(token[1:])
        if token == TIE:
            return Node("symbol", " ")
        if token in PLAIN:
            return Node("char", token)
        raise Refused(f"the character {token!r}" if token not in {"^", "_", "}", "&"} else f"a misplaced {token}")

    def command(self, name: str) -> Node:  # noqa: PLR0911 - one return for each kind of command
        if name in GREEK | FUNCTIONS | SYMBOLS | SPACES:
            return Node("symbol", name)
        if name in ESCAPED:
            return Node("char", name if name != "|" else "‖")
        if name == "text":
            words = next(self.words, None)
            if words is None or not _PROSE.fullmatch(words):
                raise Refused("\\text takes plain words in braces")
            self.expect("{")
            while self.take() != "}":
                pass
            return Node("text", words)
        if name == "sqrt":
            if self.peek() == "[":
                raise Refused("\\sqrt with an optional argument")
            return Node("command", name, (self.argument(),))
        if name == "operatorname" and self.peek() != "{":
            raise Refused("\\operatorname without braces")
        if name in ONE_ARGUMENT:
            return Node("command", name, (self.argument(),))
        if name in TWO_ARGUMENTS:
            return Node("command", name, (self.argument(), self.argument()))
        if name == "left":
            return self.fenced()
        if name == "begin":
            return self.environment()
        raise Refused(f"the command \\{name}")

    def fenced(self) -> Node:
        opening = self.take()
        row = self.row(frozenset({"\\right"}))
        self.expect("\\right")
        closing = self.take()
        if opening not in DELIMITERS or closing not in DELIMITERS:
            raise Refused("\\left and \\right take brackets")
        return Node("fenced", f"{opening} {closing}", (row,))

    def name(self) -> str:
        self.expect("{")
        letters = ""
        while (token := self.take()) != "}":
            letters += token
        return letters

    def environment(self) -> Node:
        name = self.name()
        if name not in ENVIRONMENTS:
            raise Refused(f"the environment {name!r}")
        if self.peek() in {"[", "*"}:
            raise Refused(f"the environment {name} with an argument")
        cells: list[tuple[Node, ...]] = []
        rows = [0]
        while True:
            cells.append(self.row(frozenset({"&", "\\\\", "\\end"})))
            rows[-1] += 1
            token = self.take()
            if token == END:
                break
            if token == BREAK:
                if self.peek() in {"[", "*"}:
                    raise Refused("a line break with an argument")
                rows.append(0)
        if self.name() != name:
            raise Refused(f"\\end{{{name}}} is missing")
        if max(rows) > (2 if name == "cases" else 10):
            raise Refused(f"too many columns in {name}")
        return Node("environment", name, tuple(cells), tuple(rows))
