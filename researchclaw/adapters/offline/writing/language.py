"""Small pieces of English: lists, names, openings, and a voice that does not repeat itself."""

from __future__ import annotations

import functools
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher

from stages.contracts import Work

SIMILAR = 0.74
"""Share of words in common, in order, above which two sentences say the same thing in the same way. A reader's lint at 0.85
of the characters was never reached below it on the texts tried (own papers on eight topics, 2026-11)."""

LOOK_ALIKE = 0.83
"""Share of letters in common, in order; a little below the 0.85 at which readers' tools call two sentences near-duplicates."""

_PROPER = frozenset(
    [
        "Adam",
        "AdamW",
        "Adagrad",
        "AdaGrad",
        "Lion",
        "Muon",
        "Shampoo",
        "Gaussian",
        "Xavier",
        "Glorot",
        "Kaiming",
        "He",
        "Nesterov",
        "Bayesian",
        "Python",
        "Holm",
        "Polyak",
        "Karpathy",
        "Swish",
        "Sinusoids",
        "Zipf",
        "Hedges",
        "Student",
        "Newton",
        "Hessian",
        "Fourier",
        "Markov",
        "English",
        "Unicode",
    ]
)
_CITATION = re.compile(r"\s*\[(@[^\]]+)\]")
_TEXTUAL = re.compile(r"(?<![\w\[;])@(?!fig:|tbl:|sec:|eq:)([A-Za-z0-9][A-Za-z0-9_:+/-]*)")
_NUMBER_WORDS = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|twenty|thirty|forty|fifty|hundred|thousand|million|billion|"
    r"twice|thrice|half|halving|double|triple|halves|doubles|third|quarter|couple)\b",
    re.IGNORECASE,
)


def listing(items: Sequence[str], word: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'; 'a, b as well as c and d' where the last item is a pair itself."""
    if len(items) < 2:
        return "".join(items)
    if f" {word} " in items[-1]:
        return f"{', '.join(items[:-1])} as well as {items[-1]}"
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def capital(text: str) -> str:
    """The text as a sentence begins; a value or a citation stays as it is."""
    return text[:1].upper() + text[1:]


def lowered(sentence: str) -> str:
    """A full sentence made ready to follow 'that': small first letter unless it is a name, no final period."""
    body = sentence.strip().rstrip(".")
    word = re.match(r"[A-Za-z'’]+", body)
    if word is None or word[0] in _PROPER or not (word[0] == "A" or word[0][1:].islower()):
        return body
    return body[:1].lower() + body[1:]


def ended(text: str) -> str:
    """The text with a final period unless it ends as a sentence does."""
    text = text.strip()
    return text if text.endswith((".", "?", "!")) else f"{text}."


def singular(label: str) -> bool:
    """Whether a verb after the name of a setting or component stands in the singular; the head decides, not what is behind it."""
    head = re.split(r" (?:with|without|of|on|in|for|to) ", label)[0]
    return not (head.endswith("s") and not head.endswith(("ss", "us", "is", "least squares"))) and " and " not in head


def a_or_an(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' or noun.startswith(('RMS', 'n-gram', 'MLP')) else 'a'} {noun}"


def authors(work: Work) -> str:
    """'Kingma and Ba', 'Xiong et al.': as the running text names a work."""
    names = [_family(name) for name in work.authors]
    if work.authors_truncated or len(names) > 2:
        return f"{names[0]} et al."
    return listing(names)


def _family(name: str) -> str:
    words = name.split()
    if len(words) > 2 and words[-1].rstrip(".") in {"Jr", "Sr", "II", "III"}:
        words = words[:-1]
    start = len(words) - 1
    while start > 1 and words[start - 1][:1].islower():
        start -= 1
    return " ".join(words[start:]) if len(words) > 1 else name


def cited(text: str, citable: Iterable[str]) -> str | None:
    """The sentence with only those citations that may be made; None when a citation that it needs as a subject is missing."""
    allowed = frozenset(citable)

    def keep(match: re.Match[str]) -> str:
        keys = [part.strip().removeprefix("@") for part in match[1].split(";")]
        kept = [f"@{key}" for key in keys if key in allowed]
        return f" [{'; '.join(kept)}]" if kept else ""

    text = _CITATION.sub(keep, text).strip()
    outside = _CITATION.sub("", text)
    return None if any(key.rstrip(".,;:") not in allowed for key in _TEXTUAL.findall(outside)) else text


def has_citation(text: str) -> bool:
    return "[@" in text


def printable(text: str, names: Iterable[str] = ()) -> bool:
    """Whether a sentence from elsewhere in the record may stand in the paper: no typed number, no id, no number word.

    names: labels in which a numeral is part of a name ('batch size 8').
    """
    bare = re.sub(r"\{\{[^}]*\}\}|\[@[^\]]*\]|@[\w:-]+", " ", text)
    for name in sorted(names, key=len, reverse=True):
        bare = bare.replace(name, " ")
    return re.search(r"\d|_|`", bare) is None and _NUMBER_WORDS.search(bare) is None


def words_of(sentence: str) -> tuple[str, ...]:
    """The words of a sentence as the ear compares them: values are alike, citations and references are silent."""
    text = re.sub(r"\{\{.*?\}\}", " 0 ", sentence)
    text = re.sub(r"\[@[^\]]*\]|@[\w:-]+", " ", text)
    return tuple(re.findall(r"[a-z0-9'’-]+", text.lower()))


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a paragraph; abbreviations of names ('et al.') do not end one."""
    text = text.replace("et al.", "et al·")
    return tuple(part.replace("et al·", "et al.") for part in re.split(r"(?<=[.?!])\s+(?=[A-Z\[@{\"(])", text.strip()) if part)


class Voice:
    """Chooses among ways to say a thing: by the topic's hash, then by what was not said before.

    The choice is a function of the topic and of everything said so far, so the same record gives the same text.
    """

    def __init__(self, topic: str, sayable: Callable[[str, str], bool] = lambda text, section: True) -> None:
        """sayable: whether a text may stand in a section; what it refuses is no option, whoever worded it."""
        self.section = ""
        self._topic = topic
        self._sayable = sayable
        self._said: list[tuple[str, ...]] = []
        self._verbatim: set[str] = set()
        self._turns: dict[str, int] = {}

    def order(self, key: str, count: int) -> tuple[int, ...]:
        """A rotation of 0 … count - 1 that belongs to this topic and key."""
        first = int.from_bytes(hashlib.sha256(f"{self._topic}\0{key}".encode()).digest()[:4], "big") % count
        return tuple((first + step) % count for step in range(count))

    def say(self, key: str, *options: str) -> str:
        """The first wording that repeats nothing; empty when every wording would."""
        for place in self.order(key, len(options)):
            if self._open(options[place]):
                self.remember(options[place])
                return options[place]
        return ""

    def turn(self, key: str, *options: str) -> str:
        """As `say`, but the options take turns: a wording comes back only after all others."""
        turn = self._turns.get(key, self.order(key, len(options))[0])
        for step in range(len(options)):
            option = options[(turn + step) % len(options)]
            if self._open(option):
                self._turns[key] = turn + step + 1
                self.remember(option)
                return option
        return ""

    def must(self, key: str, *options: str) -> str:
        """As `turn`, for what has to be said even when every wording resembles an earlier one.

        Word for word nothing is said twice, so what may have to be said of each prediction needs a wording that names it.
        """
        said = self.turn(key, *options)
        if said:
            return said
        turn = self._turns.get(key, 0)
        for step in range(len(options)):
            option = options[(turn + step) % len(options)]
            if not self._stands(option) and self._sayable(option, self.section):
                self._turns[key] = turn + step + 1
                self.remember(option)
                return option
        return ""

    def _open(self, option: str) -> bool:
        return bool(option) and self.fresh(option) and self._sayable(option, self.section)

    def fresh(self, text: str) -> bool:
        new = [words_of(sentence) for sentence in sentences(text)]
        return not any(_alike(one, old) for one in new for old in self._said)

    def _stands(self, option: str) -> bool:
        """Whether a sentence of the text was said before in the very same words and values."""
        return not self._verbatim.isdisjoint(_verbatim(option))

    def remember(self, text: str) -> None:
        self._said.extend(words_of(sentence) for sentence in sentences(text))
        self._verbatim.update(_verbatim(text))


def _verbatim(text: str) -> frozenset[str]:
    return frozenset(" ".join(sentence.lower().split()) for sentence in sentences(text))


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) < 5:
        return False
    if look_alike(" ".join(one), " ".join(other)):
        return True
    if 2 * min(len(one), len(other)) < SIMILAR * (len(one) + len(other)):
        return False
    shared = len(set(one) & set(other))
    if shared < SIMILAR * 0.8 * min(len(set(one)), len(set(other))):
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= SIMILAR


def look_alike(one: str, other: str) -> bool:
    """Whether the letters agree; catches sentences that differ in a few short names only."""
    if 2 * min(len(one), len(other)) < LOOK_ALIKE * (len(one) + len(other)):
        return False
    needed = LOOK_ALIKE * (len(one) + len(other)) / 2
    # Two bounds that nearly every pair fails, for a hundredth of what ratio() costs: it counts letters in common, in order, so
    # there are no more of them than letters in common, and no more than in the longest common subsequence.
    mine, theirs = _letters(one), _letters(other)
    if sum(min(count, theirs[letter]) for letter, count in mine.items()) < needed or common_subsequence(one, other) < needed:
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= LOOK_ALIKE


@functools.lru_cache(maxsize=4096)
def _letters(text: str) -> Counter[str]:
    return Counter(text)


def common_subsequence(one: str, other: str) -> int:
    """Length of the longest common subsequence, a bit for each letter of `one` (Hyyrö 2004, "Bit-parallel LCS-length computation")."""
    places: dict[str, int] = {}
    for place, letter in enumerate(one):
        places[letter] = places.get(letter, 0) | 1 << place
    everything = (1 << len(one)) - 1
    open_ = everything
    for letter in other:
        here = open_ & places.get(letter, 0)
        open_ = (open_ + here | open_ - here) & everything
    return len(one) - open_.bit_count()


def paragraph(*parts: str) -> str:
    """Sentences in one paragraph; silent ones leave no trace."""
    return " ".join(part.strip() for part in parts if part.strip())
