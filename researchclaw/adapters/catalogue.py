"""The embedded catalogue of real works: bibliographic facts and gists in our own words, searched by BM25.

Titles alone are weak: on twenty topic queries BM25 with stemming gave an nDCG@10 of .66 on titles, .76 with a synonym
table and .83 with topic words in the index (measured 2026-11 on these records), so all of it is indexed.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import yaml

from stages.contracts import CitedWork, Difference, Reading, SearchQuery, SourceOutcome, Work
from stages.h_finalization.references.index import RecordIndex
from stages.h_finalization.references.reference import Record, Reference, record_of_work, reference_of_work
from stages.h_finalization.references.verdicts import SourceAnswer, judge
from stages.ports import NeighbourAnswer, SearchAnswer

if TYPE_CHECKING:
    import bm25s

FOLDER: Final = Path(__file__).resolve().parent.parent / "catalogue"
SOURCE: Final = "catalogue"

KNOWN_ITEM_WEIGHT: Final = 100.0
"""A work asked for by key comes before everything that words and tags bring up."""

TAG_WEIGHT: Final = 6.0
"""Added for a queried tag in first place, less behind it: about the BM25 score of one rare word on these records."""

BM25_K1: Final = 1.5
BM25_B: Final = 0.75
"""The defaults of bm25s, which ranks the catalogue."""

SYNONYMS: Final[dict[str, str]] = {
    "optimiser": "optimizer adam sgd stochastic gradient method",
    "optimizer": "optimiser adam sgd stochastic gradient method",
    "schedule": "decay annealing restarts cosine warmup",
    "warmup": "warm-up learning rate large minibatch",
    "batch": "minibatch large-batch gradient noise",
    "activation": "nonlinearity rectifier relu gelu swish gated linear unit",
    "normalisation": "normalization layer norm rmsnorm batchnorm",
    "normalization": "normalisation layer norm rmsnorm batchnorm",
    "position": "positional encoding embedding rotary relative",
    "dropout": "regularisation stochastic depth noise",
    "initialisation": "initialization init signal propagation",
    "initialization": "initialisation init signal propagation",
    "clipping": "exploding gradients stability",
    "tying": "shared embeddings parameter sharing",
    "context": "sequence length long-range attention",
    "data": "corpus dataset tokens repetition",
    "depth": "deep layers residual",
    "width": "wide overparameterised parameters",
    "smoothing": "calibration label soft targets",
    "byte": "character token-free tokenisation",
    "n-gram": "ngram count-based smoothing hash",
    "seeds": "variance random reproducibility",
    "compression": "prediction entropy bits",
}


@cache
def works() -> tuple[Work, ...]:
    """Every work of the catalogue, with its gist where there is one, sorted by key."""
    gists = yaml.load((FOLDER / "gists.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    records = json.loads((FOLDER / "works.json").read_text(encoding="utf-8"))
    return tuple(
        Work.model_validate(
            {
                **{name: value for name, value in record.items() if name != "check"},
                **gists.get(record["key"], {}),
                "confirmed_by": (SOURCE,),
            }
        )
        for record in records
    )


@cache
def seen_twice() -> dict[str, str]:
    """Key -> what the makers of the catalogue saw to agree with the record, where that was more than one bibliography."""
    records = json.loads((FOLDER / "works.json").read_text(encoding="utf-8"))
    return {
        record["key"]: "the record was found alike in two or more public bibliographies"
        for record in records
        if record["check"].startswith("2+")
    }


class Catalogue:
    """`stages.ports.Library` without a network: the embedded records, or those of a user's own library."""

    def __init__(self, own: Sequence[Work] | None = None, name: str = SOURCE) -> None:
        """own: the records of another collection, e.g. a user's .bib; default: the embedded ones."""
        self.name = name
        self._works = works() if own is None else tuple(own)
        self._by_key = {work.key: work for work in self._works}
        self._second = seen_twice() if own is None else {}

    @cached_property
    def _index(self) -> bm25s.BM25:
        return _index(self._works)

    @cached_property
    def _records(self) -> RecordIndex:
        return RecordIndex(self._record(work) for work in self._works)

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.name,)

    def holds(self, work: Work) -> bool:
        """Whether the work says that it is one of these records."""
        return self.name in work.confirmed_by

    def search(self, query: SearchQuery, limit: int) -> SearchAnswer:
        """Works by BM25 over title, topics, tags and gist, raised by the tags that the query aims at."""
        import numpy as np

        if not self._works:
            return SearchAnswer(works=(), outcomes=(SourceOutcome(source=self.name, answered=True, found=0),))
        scores = np.asarray(self._index.get_scores(_tokens(_expanded(query.text))), dtype=float)
        scored = [
            (work, float(score) + _tag_bonus(work, query.about) + KNOWN_ITEM_WEIGHT * (work.key in query.keys))
            for work, score in zip(self._works, scores, strict=True)
        ]
        found = sorted((pair for pair in scored if pair[1] > 0), key=lambda pair: (-pair[1], pair[0].key))[:limit]
        outcome = SourceOutcome(source=self.name, answered=True, found=len(found))
        return SearchAnswer(works=tuple((work, round(score, 6)) for work, score in found), outcomes=(outcome,))

    def neighbours(self, works: Sequence[Work], queries: Sequence[SearchQuery], limit: int) -> NeighbourAnswer:
        """None: these records do not say who cites whom."""
        return NeighbourAnswer(neighbours=(), outcomes=())

    def passages(self, work: Work, words: str) -> Reading:
        """None: these are bibliographic facts."""
        return Reading()

    def score(self, text: str, work: Work) -> float:
        """The BM25 score of a work that is not of the catalogue, with the catalogue's own word counts: scores compare."""
        asked, words = _tokens(_expanded(text)), _tokens(f"{work.title} {work.title} {work.abstract or ''}")
        how_often = Counter(words)
        length = BM25_K1 * (1 - BM25_B + BM25_B * len(words) / self._mean_length)
        return round(sum(self._rarity(word) * how_often[word] / (how_often[word] + length) for word in asked if word in how_often), 6)

    def _rarity(self, word: str) -> float:
        """Inverse document frequency as Lucene counts it."""
        holding = self._holding[word]
        return math.log(1 + (len(self._works) - holding + 0.5) / (holding + 0.5))

    @cached_property
    def _holding(self) -> Counter[str]:
        """word -> works of the catalogue that hold it."""
        return Counter(word for work in self._works for word in set(_tokens(_text(work))))

    @cached_property
    def _mean_length(self) -> float:
        return sum(len(_tokens(_text(work))) for work in self._works) / len(self._works)

    def verify(self, works: Sequence[Work]) -> tuple[CitedWork, ...]:
        """Each work against these records. A work that says it is from here and is not is 'not found', whatever it is like."""
        return tuple(self._verdict(work) for work in works)

    def check(self, references: Sequence[Reference], *, now: tuple[int, int] | None = None) -> tuple[CitedWork, ...]:
        """References that anybody may have written; what these records do not hold is 'not checked', never 'not found'.

        now: (year, month) of the day of asking; default: today.
        """
        when = now or this_month()
        return tuple(judge(reference, (self.answer(reference),), now=when) for reference in references)

    def answer(self, reference: Reference) -> SourceAnswer:
        """The records that may be meant; to be judged together with the answers of other sources."""
        records = self._records.candidates(reference)
        return SourceAnswer(source=self.name, outcome="found" if records else "absent", records=records, complete=False)

    def _verdict(self, work: Work) -> CitedWork:
        reference = reference_of_work(work)
        own = self._by_key.get(work.key)
        if own is None:
            open_verdict = judge(reference, (), now=this_month())
            if not self.holds(work):  # a live source's work, after a change to offline: it was found, and cannot be asked about here
                return open_verdict
            layers = open_verdict.layers
            return CitedWork(
                key=work.key, verdict="not found", evidence=(f"no record of the key {work.key} in {self.name}",), layers=layers
            )
        answer = SourceAnswer(source=self.name, outcome="found", records=(self._record(own),), complete=True)
        found = judge(reference, (answer,), now=this_month())
        # The paper cites the record itself, so what a reference may leave open must be equal here.
        fields: tuple[Literal["year", "venue"], ...] = ("year", "venue")
        changed = tuple(
            Difference(field=name, cited=str(getattr(work, name)), found=str(getattr(own, name)))
            for name in fields
            if getattr(work, name) != getattr(own, name) and all(known.field != name for known in found.differences)
        )
        if found.verdict == "mismatch":
            same = all(difference.field != "title" for difference in found.differences)
            return found.model_copy(update={"repaired": own}) if same else found
        if found.verdict != "verified" or not changed:
            return found
        evidence = tuple(f"{difference.field}: {difference.cited!r}, in the record {difference.found}" for difference in changed)
        return found.model_copy(update={"verdict": "mismatch", "evidence": evidence, "differences": changed, "repaired": own})

    def _record(self, work: Work) -> Record:
        return record_of_work(work, self.name, self._second.get(work.key))


def this_month() -> tuple[int, int]:
    """Year and month by the clock of this machine."""
    today = datetime.now(tz=UTC)
    return today.year, today.month


def _index(catalogue: tuple[Work, ...]) -> bm25s.BM25:
    import bm25s

    index = bm25s.BM25(method="lucene")
    index.index([_tokens(_text(work)) for work in catalogue], show_progress=False)
    return index


def _text(work: Work) -> str:
    tags = " ".join((*work.topics, *work.about)).replace("-", " ").replace("_", " ")
    return f"{work.title} {work.title} {tags} {work.gist or ''} {work.also or ''}"


def _expanded(text: str) -> str:
    words = text.lower().replace("-", " ").split()
    return " ".join([text, *(SYNONYMS[word] for word in words if word in SYNONYMS)])


def _tokens(text: str) -> list[str]:
    """Stemmed lower-case words of at least two letters."""
    import re

    words = re.findall(r"[a-z0-9]{2,}", text.lower().replace("-", " "))
    return list(_stemmer().stemWords(words))


@cache
def _stemmer():  # type: ignore[no-untyped-def]  # PyStemmer ships no types
    import Stemmer

    return Stemmer.Stemmer("english")


def _tag_bonus(work: Work, about: tuple[str, ...]) -> float:
    """The earlier a queried tag stands among the work's own, the more it counts."""
    return sum(TAG_WEIGHT / (1 + work.about.index(tag)) for tag in about if tag in work.about)
