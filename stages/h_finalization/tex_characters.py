"""Words into TeX: each character as itself, by a table; what has no sign in the fonts is shown by its code point.

Nothing that TeX acts on survives: specials are escaped, controls and invisible marks (zero width, bidirectional) are dropped,
ligatures that would change the words are broken.
"""

from __future__ import annotations

import re
import unicodedata

_ASCII = {
    "\\": "\\textbackslash{}",
    "{": "\\{",
    "}": "\\}",
    "$": "\\$",
    "&": "\\&",
    "#": "\\#",
    "%": "\\%",
    "_": "\\_",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    "[": "{[}",  # after \\ or \item a bare bracket would be an argument
    "]": "{]}",
    "`": "\\textasciigrave{}",
}
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξπρςστυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
        "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho varsigma sigma tau upsilon varphi chi psi "
        "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split(),
        strict=True,
    ),
)
_MATHS = {
    "−": "-", "×": "\\times", "÷": "\\div", "±": "\\pm", "∓": "\\mp", "·": "\\cdot", "≤": "\\leq", "≥": "\\geq", "≠": "\\neq",
    "≈": "\\approx", "≡": "\\equiv", "∼": "\\sim", "≪": "\\ll", "≫": "\\gg", "∝": "\\propto", "∞": "\\infty", "∈": "\\in",
    "∉": "\\notin", "⊂": "\\subset", "⊆": "\\subseteq", "∪": "\\cup", "∩": "\\cap", "∅": "\\emptyset", "∀": "\\forall",
    "∃": "\\exists", "¬": "\\neg", "∧": "\\wedge", "∨": "\\vee", "∑": "\\sum", "∏": "\\prod", "∫": "\\int", "√": "\\surd",
    "∂": "\\partial", "∇": "\\nabla", "→": "\\rightarrow", "←": "\\leftarrow", "↔": "\\leftrightarrow", "⇒": "\\Rightarrow",
    "⇔": "\\Leftrightarrow", "↑": "\\uparrow", "↓": "\\downarrow", "∥": "\\parallel", "⊥": "\\perp", "⋅": "\\cdot", "∗": "\\ast",
    "′": "'", "ℓ": "\\ell", "ℝ": "\\mathbf{R}", "⟨": "\\langle", "⟩": "\\rangle", "∘": "\\circ", "⊕": "\\oplus", "⊗": "\\otimes",
} | {letter: f"\\{name}" for letter, name in _GREEK.items()}  # fmt: skip
_SIGNS = {
    "–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''", "„": "\\quotedblbase{}", "‚": "\\quotesinglbase{}",
    "…": "\\dots{}", "•": "\\textbullet{}", "†": "\\dag{}", "‡": "\\ddag{}", "€": "\\texteuro{}", "™": "\\texttrademark{}",
    "°": "\\textdegree{}", "©": "\\textcopyright{}", "®": "\\textregistered{}", "§": "\\S{}", "¶": "\\P{}", "£": "\\pounds{}",
    "‐": "-", "‑": "\\mbox{-}", "\u00a0": "~", "\u202f": "\\,", "\u2009": "\\,", "¡": "\\textexclamdown{}",
    "¿": "\\textquestiondown{}", "«": "\\guillemotleft{}", "»": "\\guillemotright{}", "¢": "\\textcent{}", "¥": "\\textyen{}",
    "¦": "\\textbrokenbar{}", "µ": "\\ensuremath{\\mu}", "ª": "\\textordfeminine{}", "º": "\\textordmasculine{}",
    "ı": "\\i{}", "ſ": "s", "½": "1/2", "¼": "1/4", "¾": "3/4", "⁄": "/",
}  # fmt: skip
_LATIN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿĂăĄąĆćČčĎďĐđĘęĚěĞğİĹĺĽľŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž",
)
"""What T1 holds and inputenc reads."""
_CYRILLIC = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
        "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya yo".replace("_", "").split(" "),
        strict=True,
    ),
)
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
_MINUS = re.compile(r"(?<![\w.,)\]+-])([-−+]\d[\d,]*(?:\.\d+)?)(?![\w-])")
_LONG_WORD = 24
"""Characters after which a word without a space may be broken anywhere; longer than any English word in the papers read."""
_LONG_CODE = 12
"""The same for program text, which has no hyphenation."""


def unprintable(text: str) -> tuple[str, ...]:
    """Characters that the paper would show as a code point, each once."""
    return tuple(dict.fromkeys(sign for sign in unicodedata.normalize("NFC", text) if _sign(sign).startswith("\\texttt{U+")))


def escape(text: str) -> str:
    """Prose as TeX: quotes curl, a sign before a number becomes a minus, long words may break."""
    text = _normal(text)
    pieces: list[str] = []
    for number, piece in enumerate(_MINUS.split(text)):
        pieces.append(f"${piece.replace('−', '-')}$" if number % 2 else _prose(piece, before=pieces[-1][-1:] if pieces else ""))
    return "".join(pieces)


def _prose(text: str, before: str) -> str:
    written: list[str] = []
    run = 0
    previous = before
    for position, sign in enumerate(text):
        run = 0 if sign.isspace() else run + 1
        if sign == '"':
            following = text[position + 1 : position + 2]
            opens = (not previous or previous in " ([{–—") and following.strip() != ""
            written.append("``" if opens else "''")
        elif sign in "-,'" and previous == sign:
            written.append("{}" + sign)
        elif sign == "%" and previous == " " and position > 1 and text[position - 2].isdigit():
            written[-1] = "\\,"
            written.append("\\%")
        else:
            written.append(_sign(sign))
        if run >= _LONG_WORD and run % 4 == 0:
            written.append("\\allowbreak{}")
        previous = sign
    return "".join(written)


def escape_code(text: str, *, spaces: bool = False) -> str:
    """Program text as TeX: straight quotes, leave to break after a separator; spaces: every space is kept, as in a listing."""
    written: list[str] = []
    run = 0
    kept = _normal(text, code=True)
    for sign, following in zip(kept, f"{kept[1:]} ", strict=False):
        run += 1
        written.append({'"': "\\textquotedbl{}", "'": "\\textquotesingle{}", " ": "~" if spaces else " "}.get(sign) or _sign(sign))
        if sign in "-," and following == sign:
            written.append("{}")
        number = sign in ".,-" and following.isdigit()
        if (sign in "_/.:-,=()\\{" and not number) or (run >= _LONG_CODE and (sign + following).strip("0123456789.") != ""):
            written.append("\\allowbreak{}")
            run = 0
    return "".join(written)


def plain(text: str) -> str:
    """An ASCII copy without anything special, for bookmarks and PDF properties."""
    letters = unicodedata.normalize("NFKD", _normal(text))
    return re.sub(r"\s+", " ", re.sub(r"[^A-Za-z0-9 ,.:;()?!'/+=-]", "", letters)).strip()


def _normal(text: str, *, code: bool = False) -> str:
    """Composed, without controls and invisible marks; every kind of white space is a blank."""
    signs = []
    for sign in unicodedata.normalize("NFC", text):
        if sign in _SIGNS:
            signs.append(sign)
        elif sign == "\t":
            signs.append("    " if code else " ")
        elif sign.isspace():
            signs.append(" ")
        elif unicodedata.category(sign) not in {"Cc", "Cf", "Mn", "Me"}:
            signs.append(sign)
    return "".join(signs)


def _sign(sign: str) -> str:  # noqa: PLR0911 - one return for each table
    """One character as TeX."""
    if sign in _ASCII:
        return _ASCII[sign]
    if sign.isascii() or sign in _LATIN:
        return sign
    if sign in _SIGNS:
        return _SIGNS[sign]
    if sign in _MATHS:
        return f"\\ensuremath{{{_MATHS[sign]}}}"
    if sign in _SUPERSCRIPTS:
        return f"\\textsuperscript{{{_SUPERSCRIPTS[sign]}}}"
    if sign in _SUBSCRIPTS:
        return f"\\textsubscript{{{_SUBSCRIPTS[sign]}}}"
    if sign.lower() in _CYRILLIC:
        latin = _CYRILLIC[sign.lower()]
        return latin.capitalize() if sign.isupper() else latin
    simpler = "".join(part for part in unicodedata.normalize("NFKD", sign) if unicodedata.category(part) not in {"Mn", "Cf", "Zs"})
    if simpler and simpler != sign and all(part.isascii() or part in _LATIN for part in simpler):
        return "".join(_ASCII.get(part, part) for part in simpler)
    return f"\\texttt{{U+{ord(sign):04X}}}\\allowbreak{{}}"
