"""How the rule-based researcher searches, screens and notes what works say."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stages.b_literature.knowledge_extract import CardsQuestion
from stages.b_literature.literature_screen import Excluded, Included, Screening, ScreenQuestion
from stages.b_literature.search_strategy import SearchQuestion
from stages.contracts import (
    Candidate,
    Factor,
    Goal,
    KnowledgeCard,
    KnowledgeCards,
    Passage,
    Quote,
    SearchPlan,
    SearchQuery,
    Work,
)

SETTINGS_QUERIES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "small_language_models",
        "small byte-level transformer language models",
        ("byte_level", "language_models"),
        "xue2021byt5 jozefowicz2016exploring zhang2024tinyllama turc2019well",
    ),
    (
        "short_budgets",
        "training within a short compute budget, scaling of small models",
        ("short_budget", "scaling"),
        "geiping2023cramming izsak2021train kaplan2020scaling hoffmann2022training",
    ),
    (
        "fair_comparison",
        "statistics of model comparison, seeds, variance, reproducibility",
        ("statistics", "reproducibility"),
        "demsar2006statistical agarwal2021deep dror2018hitchhikers dodge2019show melis2018state",
    ),
    (
        "evaluation",
        "evaluation of language models, perplexity, prediction and compression, bits per byte",
        ("evaluation", "compression"),
        "shannon1948mathematical deletang2024language merity2017pointer",
    ),
    (
        "tuning",
        "hyperparameter tuning and benchmarking of training methods",
        ("tuning",),
        "dahl2023benchmarking choi2019empirical schmidt2021descending bergstra2012random",
    ),
    (
        "apparatus",
        "decoupled weight decay, cosine decay of the learning rate, hashed n-gram embeddings for bytes",
        ("optimizer", "schedule", "ngram_tables"),
        "loshchilov2019decoupled loshchilov2017sgdr pagnoni2024byte",
    ),
)
"""What every study on a kit of this domain has to place itself in: setting, budget, way of comparing, yardstick, tuning.
Each query also asks by key for the works on which the study's own way of working rests."""

ELSEWHERE = frozenset(
    {
        *("vision", "biology", "graphs", "reinforcement-learning", "generative", "robustness", "time-series", "quantisation"),
        *("pruning", "regularisation", "research-agents", "numerical-optimisation", "distillation", "attention", "foundations"),
    }
)
"""Main topics whose works place no study of this domain, whatever their tags."""

SUPPORT_WORKS_PER_QUERY = 4
"""A paper of this length discusses its setting in a paragraph or two (a guess)."""

TAGS_THAT_COUNT = 3
"""A work's tags stand in order of relevance; a factor named later is mentioned, not treated."""

NO_GIST = "has an abstract but no summary in our words, and rules do not paraphrase"
"""The rule-based researcher leaves such works uncited: a sentence on them would be either a quotation or made up."""

SENTENCE = re.compile(r"[A-Z][^.!?]*(?:\.(?=\d)[^.!?]*)*[.!?]")
QUOTABLE = (40, 400)
"""Length of a quoted sentence in signs."""
SHARED_STEMS = 3
"""Words that a quoted sentence has in common with the summary that it stands beside (a guess)."""

SEARCH_FOR = re.compile(r"also search for\s+(?P<words>[^.;\n]+)", re.IGNORECASE)
_KEYS = r"(?P<keys>[\w:-]+(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+)(?!drop\b|keep\b|also\b)[\w:-]+)*)"
DROP = re.compile(rf"\bdrop\s+{_KEYS}", re.IGNORECASE)
KEEP = re.compile(rf"\bkeep\s+{_KEYS}", re.IGNORECASE)
KEY = re.compile(r"[\w:-]+")


def plan_search(question: SearchQuestion) -> SearchPlan:
    """One query for each factor, one for its settings, and the queries that place the study."""
    queries = []
    for factor in question.factors:
        sub = f"effect_of_{factor.name}"
        queries.append(
            SearchQuery(
                id=f"about_{factor.name}",
                text=f"{factor.label} {' '.join(factor.words[:6])}",
                about=(factor.name,),
                sub_question=sub,
                sources=("catalogue",),
                keys=tuple(sorted(_named_by([factor]))),
            )
        )
        queries.append(
            SearchQuery(
                id=f"settings_of_{factor.name}",
                text=" ".join(f"{level.label} {' '.join(level.words[:3])}" for level in factor.levels),
                about=(factor.name,),
                sub_question=sub,
                sources=("catalogue",),
            )
        )
    for name, text, about, keys in SETTINGS_QUERIES:
        queries.append(
            SearchQuery(
                id=name,
                text=text,
                about=about,
                sub_question="known_work",
                sources=("catalogue",),
                keys=tuple(keys.split()),
            )
        )
    for number, found in enumerate(match for text in question.guidance for match in SEARCH_FOR.finditer(text)):
        queries.append(
            SearchQuery(
                id=f"asked_for_{number + 1}",
                text=found["words"].strip(),
                about=(),
                sub_question="known_work",
                sources=("catalogue",),
            )
        )
    labels = " or ".join(factor.named for factor in question.factors)
    return SearchPlan(
        queries=tuple(queries),
        include_when=(
            f"The work treats {labels}.",
            "The work treats small or byte-level language models, short training budgets or the comparison of models.",
        ),
        exclude_when=(
            "The record has no summary that a sentence could rest on.",
            "The work treats another subject, and the study's factors are at most mentioned.",
        ),
    )


def screen(question: ScreenQuestion) -> Screening:
    """Works on the factors first, then a few for each setting query, up to the limit."""
    dropped = {key for text in question.guidance for match in DROP.finditer(text) for key in KEY.findall(match["keys"])}
    kept = {key for text in question.guidance for match in KEEP.finditer(text) for key in KEY.findall(match["keys"])}
    candidates = question.candidates.candidates
    order = {candidate.work.key: place for place, candidate in enumerate(candidates)}  # best first, and in balance
    factors = {factor.name for factor in question.factors}
    background = _named_by(question.factors)
    asked_for = {query.id for query in question.plan.queries if query.id.startswith("asked_for")}
    chosen: dict[str, str] = {}

    def choose(candidate: Candidate, reason: str) -> None:
        work = candidate.work
        if work.gist and work.key not in dropped and len(chosen) < question.at_most:
            chosen.setdefault(work.key, reason)

    for candidate in candidates:
        if candidate.work.key in kept:
            choose(candidate, "kept on a person's word")
    for candidate in candidates:
        if asked_for & set(candidate.queries):
            choose(candidate, "found by a search that a person asked for")
    support = [query for query in question.plan.queries if not set(query.about) <= factors and query.about]
    room = question.at_most - SUPPORT_WORKS_PER_QUERY * len(support)
    direct = sorted(
        (c for c in candidates if c.work.key in background or _place(c.work, factors) < TAGS_THAT_COUNT),
        key=lambda c: (c.work.key not in background, _place(c.work, factors), order[c.work.key]),
    )
    for candidate in direct:
        if len(chosen) < room:
            choose(candidate, _why(candidate.work, factors))
    for query in support:
        found = [c for c in candidates if query.id in c.queries and _places_the_study(c.work, query)]
        found.sort(key=lambda c: (c.work.key not in query.keys, order[c.work.key]))
        for candidate in [c for c in found if c.work.key not in chosen][:SUPPORT_WORKS_PER_QUERY]:
            choose(candidate, f"places the study among works on {_words(query.id)}")
    included: list[Included] = []
    excluded: dict[str, list[int]] = {}
    for number, candidate in enumerate(candidates, start=1):
        if candidate.work.key in chosen:
            included.append(Included(number=number, reason=chosen[candidate.work.key]))
        else:
            excluded.setdefault(_why_not(candidate.work, factors, dropped, question.goal), []).append(number)
    known = {candidate.work.key for candidate in candidates}
    return Screening(
        guidance_not_understood=tuple(text.strip() for text in question.guidance if not _understood(text, known)),
        included=tuple(included),
        excluded=tuple(Excluded(reason=reason, numbers=tuple(numbers)) for reason, numbers in excluded.items()),
    )


def _places_the_study(work: Work, query: SearchQuery) -> bool:
    if work.key in query.keys:
        return True
    return _place(work, set(query.about)) == 0 and not (work.topics and work.topics[0] in ELSEWHERE)


CITATION = re.compile(r"@([\w:-]+)")


def _named_by(factors: Sequence[Factor]) -> set[str]:
    """Works on which the background and the settings of the factors rest."""
    named = {key for factor in factors for level in factor.levels for key in level.works}
    sentences = (sentence for factor in factors for sentence in factor.background)
    return named | {key for sentence in sentences for key in CITATION.findall(sentence)}


def _why(work: Work, factors: set[str]) -> str:
    if factors & set(work.about):
        return f"treats the {_words(_first(work, factors))}"
    return "introduced or studied a setting of the factor"


def _place(work: Work, tags: set[str]) -> int:
    """Place of the first of the tags among the work's own, which stand in order of relevance."""
    return next((place for place, tag in enumerate(work.about) if tag in tags), len(work.about) + TAGS_THAT_COUNT)


def _first(work: Work, tags: set[str]) -> str:
    return next(tag for tag in work.about if tag in tags)


def _words(tag: str) -> str:
    return tag.replace("_", " ")


def _understood(text: str, known: set[str]) -> bool:
    """Does a person's text name a search, or a work of the list that is to be dropped or kept?"""
    named = {key for pattern in (DROP, KEEP) for match in pattern.finditer(text) for key in KEY.findall(match["keys"])}
    return SEARCH_FOR.search(text) is not None or bool(named & known)


def _why_not(work: Work, factors: set[str], dropped: set[str], goal: Goal) -> str:
    if work.key in dropped:
        return "dropped on a person's word"
    if not work.gist:
        return NO_GIST if work.abstract else "no summary that a sentence could rest on"
    if _place(work, factors) < TAGS_THAT_COUNT:
        return "treats the factor, but ranks below the works that fill the shortlist"
    subject = work.about[0] if work.about else work.topics[0] if work.topics else goal.domain
    return f"treats {_words(subject).replace('-', ' ')}, which the question does not ask about"


def read_cards(question: CardsQuestion) -> KnowledgeCards:
    return KnowledgeCards(cards=tuple(_card(work, question.goal, question.passages) for work in question.works))


def _card(work: Work, goal: Goal, passages: Sequence[Passage]) -> KnowledgeCard:
    """The claim is the work's summary with its authors as the subject; the span is the summary itself."""
    assert work.gist is not None  # rules put no work without a summary on the shortlist
    technique = next((tag for tag in work.about if tag in {match.factor for match in goal.matches}), None)
    return KnowledgeCard(
        key=work.key,
        claim=f"{authors_as_subject(work)} {work.gist}.",
        method=technique,
        about=work.about,
        span=work.gist,
        span_source="gist",
        quotes=_quotes(work.gist, passages),
    )


def _quotes(claim: str, passages: Sequence[Passage]) -> tuple[Quote, ...]:
    """The sentence of the full text that shares most with the claim, if it shares enough to be on the same thing."""
    wanted = _stems(claim)
    found = [
        (len(wanted & _stems(sentence)), -len(sentence), passage.page, sentence)
        for passage in passages
        for sentence in SENTENCE.findall(passage.text)
        if QUOTABLE[0] <= len(sentence) <= QUOTABLE[1]
    ]
    best = max(found, default=None)
    return () if best is None or best[0] < SHARED_STEMS else (Quote(page=best[2], text=best[3]),)


def _stems(text: str) -> set[str]:
    return {word[:5] for word in re.findall(r"[a-z]{4,}", text.lower())}


def authors_as_subject(work: Work) -> str:
    """'Kingma and Ba', 'Xiong et al.': family names as a sentence begins with them."""
    families = [author.split()[-1] for author in work.authors]
    if len(families) == 1 and not work.authors_truncated:
        return families[0]
    if len(families) == 2 and not work.authors_truncated:
        return f"{families[0]} and {families[1]}"
    return f"{families[0]} et al."
