"""The embedded catalogue of real works: bibliographic facts and gists in our own words, searched by BM25.

Titles alone are weak: on twenty topic queries BM25 with stemming gave an nDCG@10 of .66 on titles, .76 with a synonym
table and .83 with topic words in the index (measured 2026-11 on these records), so all of it is indexed.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from stages.contracts import CitedWork, SearchQuery, SourceOutcome, Work
from stages.ports import SearchAnswer

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


class Catalogue:
    """`stages.ports.Library` without a network."""

    def __init__(self) -> None:
        self._works = works()
        self._index = _index(self._works)

    @property
    def sources(self) -> tuple[str, ...]:
        return (SOURCE,)

    def search(self, query: SearchQuery, limit: int) -> SearchAnswer:
        """Works by BM25 over title, topics, tags and gist, raised by the tags that the query aims at."""
        import numpy as np

        scores = np.asarray(self._index.get_scores(_tokens(_expanded(query.text))), dtype=float)
        scored = [
            (work, float(score) + _tag_bonus(work, query.about) + KNOWN_ITEM_WEIGHT * (work.key in query.keys))
            for work, score in zip(self._works, scores, strict=True)
        ]
        found = sorted((pair for pair in scored if pair[1] > 0), key=lambda pair: (-pair[1], pair[0].key))[:limit]
        outcome = SourceOutcome(source=SOURCE, answered=True, found=len(found))
        return SearchAnswer(works=tuple((work, round(score, 6)) for work, score in found), outcomes=(outcome,))

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
        """Each work against the catalogue's record of the same key: title, authors, year and identifiers."""
        by_key = {work.key: work for work in self._works}
        return tuple(_verdict(work, by_key.get(work.key)) for work in works)


def _verdict(work: Work, record: Work | None) -> CitedWork:
    if record is None:
        return CitedWork(key=work.key, verdict="not found", evidence=("no record of this key in the catalogue",))
    fields = ("title", "authors", "year", "venue", "doi", "arxiv_id")
    differing = [name for name in fields if getattr(work, name) != getattr(record, name)]
    if differing:
        return CitedWork(
            key=work.key,
            verdict="mismatch",
            evidence=tuple(f"{name}: {getattr(work, name)!r}, in the catalogue {getattr(record, name)!r}" for name in differing),
        )
    return CitedWork(key=work.key, verdict="verified", evidence=(f"same {', '.join(fields)} as in the catalogue",))


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
