"""Venues in their long and short forms: 'ICLR' is '8th International Conference on Learning Representations, ICLR'."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal

from stages.h_finalization.references.folding import folded

PREPRINT: Final = "arxiv"

_SERIES: Final[Mapping[str, tuple[str, ...]]] = {
    "arxiv": ("arxiv", "corr", "computing research repository", "arxiv e prints", "arxiv preprint"),
    "neurips": ("neurips", "nips", "neural information processing systems"),
    "iclr": ("iclr", "conference on learning representations", "conf on learning representations"),
    "icml": ("icml", r"international conference on machine learning(?! and (?:cybernetics|applications|computing))",
             "int conf on machine learning", "intl conf on machine learning"),
    "acml": ("acml", "asian conference on machine learning"),
    "ecml": ("ecml", "ecml pkdd", "european conference on machine learning"),
    "jmlr": ("jmlr", "journal of machine learning research", "j mach learn res", "j machine learning research"),
    "tmlr": ("tmlr", "transactions on machine learning research", "trans mach learn res"),
    "aistats": ("aistats", "artificial intelligence and statistics"),
    "uai": ("uai", "uncertainty in artificial intelligence"),
    "colt": ("colt", "conference on learning theory", "annual workshop on computational learning theory"),
    "alt": ("algorithmic learning theory",),
    "aaai": ("aaai", "aaai conference on artificial intelligence", "national conference on artificial intelligence"),
    "ijcai": ("ijcai", "international joint conference on artificial intelligence",
              "international joint conferences on artificial intelligence"),
    "ecai": ("ecai", "european conference on artificial intelligence"),
    "cvpr": ("cvpr", r"computer vision and pattern recognition", "computer vision pattern recognition"),
    "iccv": ("iccv", r"(?<!european )(?<!asian )international conference on computer vision(?! theory)",),
    "eccv": ("eccv", "european conference on computer vision"),
    "accv": ("accv", "asian conference on computer vision"),
    "wacv": ("wacv", "winter conference on applications of computer vision"),
    "bmvc": ("bmvc", "british machine vision conference"),
    "miccai": ("miccai", "medical image computing and computer assisted intervention"),
    "naacl": ("naacl", "naacl hlt", "north american chapter",
              "nations of the americas chapter"),
    "eacl": ("eacl", "european chapter"),
    "emnlp": ("emnlp", "emnlp ijcnlp", "empirical methods in natural language processing"),
    "tacl": ("tacl", "transactions of the association for computational linguistics"),
    "conll": ("conll", "computational natural language learning"),
    "coling": ("coling", "international conference on computational linguistics"),
    "lrec": ("lrec", "language resources and evaluation"),
    "acl": ("acl", r"meeting of the association for computational linguistics", r"^association for computational linguistics$"),
    "interspeech": ("interspeech",),
    "icassp": ("icassp", "acoustics speech and signal processing"),
    "kdd": ("kdd", "sigkdd", "knowledge discovery and data mining", "knowledge discovery data mining"),
    "www": ("www", "the web conference", "web conference", "world wide web", "thewebconf"),
    "sigir": ("sigir", "research and development in information retrieval"),
    "cikm": ("cikm", "information and knowledge management"),
    "wsdm": ("wsdm", "web search and data mining"),
    "icra": ("icra", "conference on robotics and automation"),
    "iros": ("iros", "intelligent robots and systems"),
    "corl": ("corl", "conference on robot learning"),
    "rss": ("robotics science and systems",),
    "osdi": ("osdi", "operating systems design and implementation"),
    "sosp": ("sosp", "operating systems principles"),
    "mlsys": ("mlsys", "sysml", "machine learning and systems", "conference on systems and machine learning"),
    "asplos": ("asplos", "architectural support for programming languages"),
    "isca": ("international symposium on computer architecture",),
    "sc": ("high performance computing networking storage and analysis",),
    "stoc": ("stoc", "theory of computing"),
    "focs": ("focs", "foundations of computer science"),
    "soda": ("discrete algorithms",),
    "chi": ("human factors in computing systems",),
    "automl": ("international conference on automated machine learning",),
    "colm": ("colm", "conference on language modeling"),
    "tpami": ("tpami", "pami", "transactions on pattern analysis and machine intelligence", "trans pattern anal mach intell"),
    "pnas": ("pnas", r"proceedings of the national academy of sciences", "proc natl? acad sci"),
    "jair": ("jair", "journal of artificial intelligence research"),
    "jmiv": ("journal of mathematical imaging and vision",),
    "ijcv": ("ijcv", "international journal of computer vision"),
    "jasa": ("jasa", "journal of the american statistical association"),
    "jrssb": ("journal of the royal statistical society (?:series b|b)", "j r stat soc (?:series )?b", "jrss b", "jrssb"),
    "tnn": (r"transactions on neural networks(?! and learning)", r"trans neural netw(?! learn)"),
    "tnnls": ("tnnls", "transactions on neural networks and learning systems", "trans neural netw learn syst"),
}  # fmt: skip
"""The series that the embedded records and common bibliographies name; other venues are compared word by word."""

_SMALL: Final = frozenset("the of on and for in an a to de la series vol volume part annual usa".split())
_FRAME: Final = frozenset(
    "proceedings proc conference conf international int intl symposium symp annual meeting acm ieee cvf usenix joint advances "
    "workshop workshops ws lecture notes adv".split()
)
_OTHER_KIND: Final = frozenset(
    "journal j transactions trans letters review reviews annals bulletin magazine frontiers nature european asian american "
    "british applied theory".split()
)
"""Words that make another venue of the same subject: 'Transactions on Evolutionary Computation' is not 'Evolutionary Computation'."""
_ORDINAL: Final = re.compile(
    r"\b(?:\d+(?:st|nd|rd|th)?|"
    r"(?:twenty|thirty|forty|fifty|sixty)(?: (?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth))?|"
    r"first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|"
    r"seventeenth|eighteenth|nineteenth|twentieth|[ivxl]{2,})\b"
)

Relation = Literal["same", "preprint of it", "not in the record", "different", "none cited"]


def compare_venues(cited: str | None, record: str) -> Relation:
    """How the cited venue stands to the record's.

    'preprint of it': the arXiv version of a work is cited whose record names where it was published.
    'not in the record': the record knows only a preprint, so somebody else must say where it was published.
    """
    if cited is None or not folded(cited):
        return "none cited"
    if not folded(record):
        return "not in the record"
    mine, yours = _series(cited), _series(record)
    alike = bool(mine & yours) or _short_form(cited, mine, yours) or _short_form(record, yours, mine)
    if not mine and not yours:
        alike = _same_words(cited, record)
    if alike and _is_workshop(cited) == _is_workshop(record):
        return "same"
    if mine == {PREPRINT}:
        return "preprint of it"
    return "not in the record" if yours == {PREPRINT} else "different"


def names_preprint(venue: str | None) -> bool:
    """Nothing, or arXiv, is named as the place of publication."""
    return venue is None or not folded(venue) or _series(venue) == {PREPRINT}


def known_series(acronym: str) -> bool:
    """Whether the acronym alone names one of the series that can be told apart."""
    return acronym in _SERIES


@lru_cache(maxsize=8192)
def _series(venue: str) -> frozenset[str]:
    """The series that the words name; two where a joint meeting is named ('ACL-IJCNLP')."""
    text = _ORDINAL.sub(" ", folded(venue))
    text = " ".join(text.split())
    found = {name for name, forms in _SERIES.items() if any(_names(form, text) for form in forms)}
    if {"naacl", "eacl"} & found:
        found.discard("acl")
    if "findings" in text.split():
        found = {f"findings of {name}" for name in found}
    return frozenset(found)


def _names(form: str, text: str) -> bool:
    if re.fullmatch(r"[a-z]+", form):  # an acronym, alone or beside the long form
        return bool(re.search(rf"\b{form}\b", text))
    return bool(re.search(form if form.startswith(("^", "(")) else rf"\b{form}", text))


def _short_form(venue: str, named: frozenset[str], series: frozenset[str]) -> bool:
    """'Adv. Neural Inf. Process. Syst.' abbreviates a long form of the series; 'Mach. Learn.' is a journal, not a conference."""
    if named or not series:
        return False
    forms = (form.split() for name in series for form in _SERIES.get(name, ()) if re.fullmatch(r"[a-z]+( [a-z]+)+", form))
    words, core = set(folded(venue).split()), _core(venue)
    return any(_abbreviates(core, _core(" ".join(form))) and (not _FRAME & set(form) or bool(_FRAME & words)) for form in forms)


def _is_workshop(venue: str) -> bool:
    return bool({"workshop", "workshops"} & set(folded(venue).split()))


def _is_meeting(venue: str) -> bool:
    return bool({"conference", "conf", "symposium", "symp", "workshop", "workshops", "meeting"} & set(folded(venue).split()))


def _same_words(cited: str, record: str) -> bool:
    """Equal without frame words, or the one abbreviates the other word by word, or by its first letters."""
    if _is_meeting(cited) != _is_meeting(record):  # 'Neural Networks' is a journal, whatever conferences are on them
        return False
    mine, yours = _core(cited), _core(record)
    if not mine or not yours:  # 'Proceedings of the IEEE' is nothing but frame
        return _abbreviates(_content(cited), _content(record)) or _abbreviates(_content(record), _content(cited))
    if mine == yours or _abbreviates(mine, yours) or _abbreviates(yours, mine):
        return True
    return _initials(cited, record) or _initials(record, cited) or _contains(mine, yours) or _contains(yours, mine)


def _content(venue: str) -> list[str]:
    return [word for word in folded(venue).split() if word not in _SMALL]


def _core(venue: str) -> list[str]:
    return [word for word in _content(_ORDINAL.sub(" ", folded(venue))) if word not in _FRAME]


def _abbreviates(short: list[str], long: list[str]) -> bool:
    """'j mach learn res' for 'journal machine learning research': each word begins or is drawn from its partner."""
    return len(short) == len(long) and all(_shortens(a, b) for a, b in zip(short, long, strict=True))


def _shortens(short: str, long: str) -> bool:
    if short == long or long.startswith(short):
        return True
    letters = iter(long)
    return len(short) >= 3 and short[0] == long[0] and len(short) < len(long) and all(letter in letters for letter in short)


def _initials(short: str, long: str) -> bool:
    words = [word for word in folded(long).split() if word not in _SMALL]
    return len(words) >= 3 and folded(short).replace(" ", "") == "".join(word[0] for word in words)


def _contains(part: list[str], whole: list[str]) -> bool:
    """The words of one stand together in the other: a subtitle or a place was added. Two words say too little."""
    starts = [start for start in range(len(whole) - len(part) + 1) if whole[start : start + len(part)] == part]
    if len(part) < 3 or not starts:
        return False
    added = {*whole[: starts[0]], *whole[starts[0] + len(part) :]}
    return not added & _OTHER_KIND
