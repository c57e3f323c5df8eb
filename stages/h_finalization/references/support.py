"""Does a citing sentence speak of what the cited work is about? Lexical evidence: the distinctive words that both share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from stages.contracts import CitationSupport, CitedWork, KnowledgeCard, LayerEvidence, Work
from stages.g_writing.claims import sentences
from stages.g_writing.document import Cite, Document, flat
from stages.h_finalization.references.folding import title_words

STEM: Final = 5
"""Letters by which words are one: 'regular|ised' and 'regular|isation', 'optim|iser' and 'optim|ization' (a guess)."""

_COMMON: Final = frozenset(
    "the a an and or of in on for with without to from by at as is are was were be been that this these those it its their our we "
    "which who what when where while than then also not no nor but if so such can may might could would should will both each "
    "other more most less least many much some any all same different between among over under into through after before about "
    "against only even still yet very one two three first second use used uses using show shows showed shown find found finds "
    "study studied studies work works paper report reports reported result results method methods approach approaches propose "
    "proposed present presented introduce introduced given give gives make made makes do does did has have had how however "
    "because since there here they them et al follow follows following based well known often never always new large small "
    "better best good further several others et model models train trained training learn learned network networks".split()
)
"""Words that say nothing about which work a sentence speaks of; 'model', 'training' and 'network' are in every title of the field."""


def supported_sentences(document: Document, works: Sequence[Work], cards: Iterable[KnowledgeCard] = ()) -> tuple[CitationSupport, ...]:
    """Every citing sentence with each of its works, in reading order.

    A word counts when it is in the sentence and in the work's title or summary, and at most half of the cited works have it.
    cards: what was noted on the works; its claim, span and quotes count as the work's words.
    works: every work that the document cites; a key without a work is another check's business and is passed over here.
    """
    known = {work.key: work for work in works}
    noted = {card.key: card for card in cards}
    texts = {work.key: _text(work, noted) for work in works}
    stems = {key: _stems(text) for key, text in texts.items()}
    spread = Counter(stem for held in stems.values() for stem in held)
    common = {stem for stem, count in spread.items() if count > max(2, len(works) / 2)}
    found = []
    for sentence in sentences(document):
        keys = dict.fromkeys(key for part in flat(sentence.content) if isinstance(part, Cite) for key in part.keys)
        spoken = _stems(sentence.words)
        for key in keys:
            if key in known:
                shared = tuple(spoken[stem] for stem in spoken if stem in stems[key] and stem not in common)
                found.append(
                    CitationSupport(
                        key=key,
                        place=sentence.place,
                        sentence=sentence.markdown,
                        rests_on=texts[key],
                        shared=shared,
                        weak=not shared,
                    )
                )
    return tuple(found)


def with_support(citations: Sequence[CitedWork], support: Sequence[CitationSupport]) -> tuple[CitedWork, ...]:
    """The verdicts with the fourth layer; it informs and changes no verdict."""
    return tuple(cited.model_copy(update={"layers": (*cited.layers, _layer(cited.key, support))}) for cited in citations)


def _layer(key: str, support: Sequence[CitationSupport]) -> LayerEvidence:
    citing = [entry for entry in support if entry.key == key]
    weak = [entry for entry in citing if entry.doubtful]
    if not citing:
        return LayerEvidence(layer="support", outcome="absent", detail="no sentence cites it")
    if weak:
        places = ", ".join(dict.fromkeys(entry.place for entry in weak))
        return LayerEvidence(layer="support", outcome="weak", detail=f"{len(weak)} of {len(citing)} sentences to be read ({places})")
    words = list(dict.fromkeys(word for entry in citing for word in entry.shared))[:8]
    return LayerEvidence(layer="support", outcome="agrees", detail=f"in common in {_count(len(citing))}: {', '.join(words)}")


def _count(sentences: int) -> str:
    return "1 sentence" if sentences == 1 else f"{sentences} sentences"


def _text(work: Work, noted: Mapping[str, KnowledgeCard]) -> str:
    parts = [work.title, work.gist, work.also, ", ".join((*work.topics, *work.about))]
    if (card := noted.get(work.key)) is not None and card.span_source != "gist":  # a card on the summary adds nothing to it
        parts += [card.claim, card.span]
    if card is not None:
        parts += [quote.text for quote in card.quotes]
    return "; ".join(part for part in parts if part)


def _stems(text: str) -> dict[str, str]:
    """Stem -> the word as it stands, without the common ones."""
    return {word[:STEM]: word for word in title_words(text.replace("_", " ")) if word not in _COMMON and len(word) > 1}
