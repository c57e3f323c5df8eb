"""Words as they are compared: LaTeX and HTML decoded, accents and letters folded, spelling variants made one."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import Final

_ACCENTS: Final = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307", '"': "\u0308",
    "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323", "c": "\u0327", "k": "\u0328", "b": "\u0331",
}  # fmt: skip
_SYMBOLS: Final = {
    "i": "i", "j": "j", "l": "ł", "L": "Ł", "o": "ø", "O": "Ø", "aa": "å", "AA": "Å", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ",
    "ss": "ß", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ", "ell": "l", "textquotesingle": "'", "&": "&",
    "textquoteright": "'", "textquoteleft": "'", "textquotedblleft": '"', "textquotedblright": '"', "rq": "'", "lq": "'",
    "textendash": "-", "textemdash": "-", "textasciitilde": "~", "textunderscore": "_", "ldots": "...", "dots": "...",
    "infty": "infinity",
}  # fmt: skip
_STYLES: Final = frozenset(
    "emph textit textbf textsc texttt textrm textsf textnormal textup text mbox hbox mathrm mathbf mathcal mathbb mathit mathsf "
    "boldsymbol bm url href uppercase lowercase NoCaseChange it bf em sc rm tt small large left right ensuremath".split()
)
_LETTERS: Final = str.maketrans(
    {"ł": "l", "ø": "o", "ß": "ss", "ı": "i", "ȷ": "j", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ŋ": "n", "ħ": "h"}
)
_GREEK: Final = {chr(code): unicodedata.name(chr(code)).rsplit(" ", 1)[-1].lower() for code in range(0x3B1, 0x3CA)} | {"λ": "lambda"}
_SPELLINGS: Final = (
    (re.compile(r"(?<=[a-z]{3})is(e|es|ed|er|ers|ing|ation|ations)$"), r"iz\1"),
    (re.compile(r"(?<=[a-z]{3})ys(e|ed|er|ing)$"), r"yz\1"),
    (re.compile(r"(?<=[a-z]{2})our(s|al|ed|ing|able)?$"), r"or\1"),
    (re.compile(r"(?<=[a-z]{2})(l)l(ing|ed|er|ers)$"), r"\1\2"),
    (re.compile(r"(?<=[a-z]{2})tre(s)?$"), r"ter\1"),
)
"""British to American by ending; both sides pass through, so a word that only looks British ('exercise') does no harm."""


def decoded(text: str) -> str:
    """Plain text of a title or name that may hold LaTeX commands, braces, HTML tags and entities."""
    text = re.sub(r"</?[A-Za-z][^<>]*>", "", html.unescape(html.unescape(text)))
    text = text.replace("\\\\", " ").replace("~", " ") if "\\~" not in text else text
    text = re.sub(r"\\([`'^~=.\"])\s*(?:\{\s*\\?([A-Za-z])\s*\}|\\([ij])(?![A-Za-z])|([A-Za-z]))", _accented, text)
    text = re.sub(r"\\([urHvdckb])(?:\s*\{\s*\\?([A-Za-z])\s*\}|\s+\\?([A-Za-z])(?![A-Za-z]))", _accented, text)
    text = re.sub(r"\\([A-Za-z]+)\*?\s?", _command, text)
    text = re.sub(r"\\([&%_$#{} ,;!@-])", lambda match: match[1] if match[1] in "&%_#" else " " if match[1] in " ,;" else "", text)
    text = text.replace("``", '"').replace("''", '"').replace("---", "-").replace("--", "-")
    return " ".join(unicodedata.normalize("NFC", re.sub(r"[{}$^\\]", "", text)).split())


def _accented(match: re.Match[str]) -> str:
    letter = next(group for group in match.groups()[1:] if group)
    return unicodedata.normalize("NFC", letter + _ACCENTS[match[1]])


def _command(match: re.Match[str]) -> str:
    name = match[1]
    if name in _SYMBOLS:
        return _SYMBOLS[name]
    return "" if name in _STYLES else f"{name} "


@lru_cache(maxsize=65536)
def folded(text: str) -> str:
    """Lower-case ASCII-like words with single blanks: no accents, no punctuation, no markup; Greek letters by name.

    Idempotent. Scripts that do not fold (Chinese, Cyrillic) are kept as they are.
    """
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", decoded(text)).casefold()).translate(_LETTERS)
    text = "".join(_GREEK.get(sign, sign) for sign in text if not unicodedata.combining(sign))
    text = re.sub(r"['’‘`´]", "", text.replace("&", " and "))
    return " ".join(re.sub(r"[\W_]+", " ", text).split())


@lru_cache(maxsize=65536)
def title_words(text: str) -> tuple[str, ...]:
    """The folded words of a title in one spelling."""
    return tuple(_american(word) for word in folded(text).split())


@lru_cache(maxsize=65536)
def title_key(text: str) -> str:
    """The words run together: equal for titles that differ in case, hyphens, blanks, punctuation, markup and spelling variant.

    Spelling is made one per word, so a hyphen inside a word with a British ending is the one thing that it may miss.
    """
    return "".join(title_words(text))


def _american(word: str) -> str:
    for pattern, ending in _SPELLINGS:
        word = pattern.sub(ending, word)
    return word


def main_title(text: str) -> str | None:
    """What stands before the subtitle; None where there is none. A colon, a dash between blanks, or '?' and '!' begin a subtitle."""
    plain = decoded(text)
    found = re.search(r"\s*:\s+|\s+[-\u2013\u2014]\s+|\u2014|(?<=[?!])\s+|\.\s+(?=[A-Z])", plain)
    if found is None or found.start() == 0 or found.end() == len(plain):
        return None
    return plain[: found.start()]
