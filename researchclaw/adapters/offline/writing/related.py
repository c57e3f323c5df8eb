"""Related work: what is known about the factor, then about the setting, then about comparing; each paragraph ends with its use here.

Works are ordered by idea: those that speak of the same setting or share a technique stand in one sentence. Works that bear
neither on the factor nor on the way it is studied are left out, whatever the shortlist holds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from researchclaw.adapters.offline.writing import tables
from researchclaw.adapters.offline.writing.language import Voice, listing, paragraph, printable
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import Factor, Work

FEWEST_WORKS = 26
"""Below it the picture of the field is too thin for a paper; further works that place the study are then
taken in, and where they do not suffice, works that touch the factor from further off (a guess)."""
MOST_WORKS = 32
MOST_ON_FACTORS = 9
"""Told one by one beside those that the background names; a paper of this length has room for a paragraph on them (a guess)."""
MOST_ON_SETTING = 5
LONG_GIST = 19
"""Words of a gist above which it fills a sentence alone; pairs of shorter ones share one."""
TAGS_THAT_COUNT = 3
"""A work's tags stand in order of relevance; a factor named later is mentioned, not treated."""

_PROGRAM_WORDS = re.compile(r"\b(pipelines?|artifacts?|artefacts?|kits?|harness|stage)\b", re.IGNORECASE)
"""Words that a reader would take for jargon of the program that wrote the paper, whatever a work means by them."""
_CITED = re.compile(r"@(?!fig:|tbl:|sec:|eq:)([\w:-]+)")

SETTING = ("short_budget", "scaling", "byte_level", "language_models")
COMPARING = ("statistics", "reproducibility", "tuning", "evaluation", "compression")
_ABOUT_SETTING = re.compile(
    r"\b(language models?|bytes?|characters?|subwords?|scaling laws?|budgets?|day|BERT|transformers?)\b", re.IGNORECASE
)
_ABOUT_COMPARING = re.compile(
    r"\b(tests? for|tests|compar\w+|seeds?|variance|reproduc\w+|benchmark\w*|tuning|tune|hyperparameter\w*|intervals?|language models?|compress\w+|"
    r"report\w*|significance)\b",
    re.IGNORECASE,
)
"""A support work is about this study's ways only where its summary says so; tags alone let in calibration and boosting."""
_ELSEWHERE = frozenset(
    {
        *("vision", "biology", "graphs", "reinforcement-learning", "generative", "robustness", "time-series", "quantisation"),
        *("pruning", "regularisation", "research-agents", "numerical-optimisation", "distillation"),
    }
)
"""Main topics whose works place no study of language modelling unless they are about its own factor."""


def related_work(study: Study, voice: Voice, opening: dict[str, tuple[str, ...]], background: dict[str, tuple[str, ...]]) -> list[str]:
    """opening, background: factor -> sentences of background that the introduction uses, and those that are left."""
    used = _told(study, opening, background)
    if study.tables:
        return _among_tables(study, voice, background, used)
    paragraphs = []
    share = -(-max(2, min(MOST_ON_FACTORS, MOST_WORKS - len(used) - len(_SUPPORT) * MOST_ON_SETTING)) // len(study.factors))
    for factor in study.factors:
        placing = {work.key for tags, pattern in _SUPPORT.values() for work in _supporting(study, used, tags, pattern, FEWEST_WORKS)}
        works = _on_factor(study, factor, used, share, at_least=FEWEST_WORKS - len(used) - len(placing))
        used |= {work.key for work in works}
        paragraphs += _factor_paragraphs(study, voice, factor, background[factor.name], works)
    paragraphs[-1] = paragraph(paragraphs[-1], _interplay(study, voice))
    for place, (part, (tags, pattern)) in enumerate(_SUPPORT.items()):
        missing = (FEWEST_WORKS - len(used)) // (len(_SUPPORT) - place)
        works = _supporting(study, used, tags, pattern, max(MOST_ON_SETTING, missing))
        used |= {work.key for work in works}
        paragraphs.append(_support_paragraph(study, voice, part, works))
    return [text for text in paragraphs if text]


def _among_tables(study: Study, voice: Voice, background: dict[str, tuple[str, ...]], used: set[str]) -> list[str]:
    """The shortlist of a study that trains no language model: works on the question, then those on how methods are compared."""
    works = sorted(_usable(study, used), key=lambda work: (work.year, work.key))
    themes = [theme for theme in study.themes if set(theme.about) & {factor.name for factor in study.factors}]
    on_factor = {key for theme in themes for key in theme.keys}
    comparing = [work for work in works if work.key not in on_factor and _lead(work, tables.COMPARING) is not None]
    on_question = [work for work in works if work not in comparing]
    paragraphs = []
    for place, factor in enumerate(study.factors):
        known = [voice.say(f"background {sentence}", sentence) for sentence in background[factor.name]]
        told = _told_together(voice, on_question, ("",)) if place == 0 else []
        open_ = tables.left_open(voice, on_question) if place == 0 else ""
        paragraphs.append(paragraph(*known, *told, _entering(study, voice, factor), open_))
    paragraphs[-1] = paragraph(paragraphs[-1], _interplay(study, voice))
    groups = [[work for work in comparing if _lead(work, tables.COMPARING) == tag] for tag in tables.COMPARING]
    told = [
        sentence
        for tag, group in zip(tables.COMPARING, groups, strict=True)
        if group
        for sentence in _told_together(voice, group, _SUPPORT_LEADS[tag])
    ]
    if told:
        use = tables.USES if study.compared else _USES_WITHOUT_TESTS
        paragraphs.append(paragraph(*told, voice.say("use of comparing", *use)))
    return [text for text in paragraphs if text]


def _told(study: Study, opening: dict[str, tuple[str, ...]], background: dict[str, tuple[str, ...]]) -> set[str]:
    """Works that the paper cites anyway: in sentences of background and beside the levels."""
    sentences = [sentence for factor in study.factors for sentence in (*opening[factor.name], *background[factor.name])]
    keys = {key for sentence in sentences for key in _CITED.findall(sentence)}
    keys |= {
        work.key
        for contrast in study.record.plan.conditions
        for _, level in study.levels(contrast)
        for work in study.works_of_level(level)
    }
    keys |= {work.key for factor in study.factors for work in study.works_at_large(factor)}
    return keys & set(study.record.citable)


# ---------------------------------------------------------------- which works


def _usable(study: Study, used: set[str]) -> list[Work]:
    return [
        work
        for work in study.record.works
        if work.gist
        and work.key not in used
        and work.key in study.record.citable
        and printable(work.gist)
        and not _PROGRAM_WORDS.search(work.gist)
    ]


def _on_factor(study: Study, factor: Factor, used: set[str], most: int, *, at_least: int) -> list[Work]:
    """Works on the factor, the closest first; when the picture is thin, also those that touch it from further off."""
    places = {work.key: _place(work, factor.name) for work in _usable(study, used)}
    near = [
        work
        for work in _usable(study, used)
        if (places[work.key] == 0 and "foundations" not in work.topics[:1])
        or (places[work.key] < TAGS_THAT_COUNT and _speaks_of(factor, work.gist or ""))
    ]
    far = [
        work
        for work in _usable(study, used)
        if places[work.key] < TAGS_THAT_COUNT
        and work not in near
        and (_speaks_of(factor, work.gist or "") or _ABOUT_SETTING.search(work.gist or "") or _ABOUT_COMPARING.search(work.gist or ""))
    ]

    def rank(work: Work) -> tuple[bool, bool, bool, int, int, str]:
        elsewhere = bool(work.topics) and work.topics[0] in _ELSEWHERE
        return (
            elsewhere and places[work.key] > 0,
            elsewhere,
            not _speaks_of(factor, work.gist or ""),
            places[work.key],
            -len(set(work.about) & set(SETTING)),
            work.key,
        )

    ranked = sorted(near, key=rank)
    central = [work for work in ranked if not rank(work)[0]]
    chosen = (central + [work for work in ranked if work not in central][: max(0, at_least - len(central))])[: max(most, at_least)]
    return chosen + sorted(far, key=rank)[: max(0, at_least - len(chosen))]


def _place(work: Work, tag: str) -> int:
    return work.about.index(tag) if tag in work.about else len(work.about) + TAGS_THAT_COUNT


def _speaks_of(factor: Factor, text: str) -> bool:
    words = {factor.label.lower(), *factor.words, *(level.label.lower() for level in factor.levels)}
    return any(re.search(rf"\b{re.escape(word)}\b", text.lower()) for word in words if len(word) > 4)


def _supporting(study: Study, used: set[str], tags: tuple[str, ...], pattern: re.Pattern[str], most: int) -> list[Work]:
    """Works that place the study: their leading tags and their summary are about the setting or about comparing."""
    found = [
        work
        for work in _usable(study, used)
        if _lead(work, tags) is not None
        and pattern.search(work.gist or "")
        and not (work.topics and work.topics[0] in _ELSEWHERE)
        and not ("parameter-efficient" in work.topics and _lead(work, tags) != "short_budget")
    ]
    kin = {*SETTING, *COMPARING}
    studied = {factor.name for factor in study.factors}

    def rank(work: Work) -> tuple[int, int, str]:
        """Closeness to the field, then to the factor; works alike in both take turns by topic, so that papers do not all cite the same."""
        turn = hashlib.sha256(f"{study.record.goal.topic}\0{work.key}".encode()).hexdigest()
        return (-min(2, len(set(work.about) & kin)), -len(set(work.about) & studied), turn)

    closest = sorted(found, key=rank)[:most]
    return sorted(closest, key=lambda work: (tags.index(_lead(work, tags) or tags[-1]), work.year, work.key))


def _lead(work: Work, tags: tuple[str, ...]) -> str | None:
    """The part of the field that the work belongs to, by its leading tags."""
    return next((tag for tag in work.about[: TAGS_THAT_COUNT - 1] if tag in tags), None)


_SUPPORT: dict[str, tuple[tuple[str, ...], re.Pattern[str]]] = {
    "setting": (SETTING, _ABOUT_SETTING),
    "comparing": (COMPARING, _ABOUT_COMPARING),
}


# ---------------------------------------------------------------- the factor


def _factor_paragraphs(study: Study, voice: Voice, factor: Factor, background: tuple[str, ...], works: list[Work]) -> list[str]:
    known = [voice.say(f"background {sentence}", sentence) for sentence in background]
    entering = _entering(study, voice, factor)
    ideas = _by_idea(study, voice, factor, works)
    if len(background) < 2 or len(works) < 3:
        return [paragraph(*known, *ideas, entering)]
    return [
        paragraph(*known, entering),
        paragraph(
            *ideas,
            voice.turn(
                "left open",
                f"For a run of seconds they leave open how large the effects of {factor.named} are, which is what we measure.",
                f"How much of this carries over to so short a run has to be measured, here {_measured_by(study, factor)}.",
                f"What these works found need not show in training of seconds; we look {_measured_by(study, factor)}.",
            ),
        ),
    ]


def _measured_by(study: Study, factor: Factor) -> str:
    """Through which settings the study sees the factor."""
    levels = [
        _setting(level.label, study.doing)
        for contrast in study.treatments
        for owner, level in study.levels(contrast)
        if owner.name == factor.name
    ]
    return f"with {listing(list(dict.fromkeys(levels)))}" if levels else "with its baseline alone"


def _entering(study: Study, voice: Voice, factor: Factor) -> str:
    """Which settings of the factor the experiment takes from the literature."""
    labels = list(
        dict.fromkeys(
            _setting(level.label, study.doing)
            for contrast in study.treatments
            for owner, level in study.levels(contrast)
            if owner.name == factor.name
        )
    )
    if not labels:
        return ""
    several = len(labels) > 1
    if not all(
        study.works_of_level(level) for contrast in study.treatments for owner, level in study.levels(contrast) if owner is factor
    ):
        return voice.turn(
            "entering",
            f"Our experiment puts {listing(labels)} to the test.",
            f"Of the possible choices of {factor.named}, our experiment takes {listing(labels)}.",
        )
    return voice.turn(
        "entering",
        f"Of what has been proposed, our comparison takes in {listing(labels)}.",
        f"From these proposals we take {listing(labels)} as {'conditions' if several else 'a condition'}.",
        f"Our experiment puts {listing(labels)} to the test.",
    )


def _setting(label: str, doing: str) -> str:
    """'No warm-up' would read as a negation."""
    return f"{doing} without {label.removeprefix('no ')}" if label.startswith("no ") else label


def _by_idea(study: Study, voice: Voice, factor: Factor, works: list[Work]) -> list[str]:
    """Sentences on the works, those that share a setting or a technique together."""
    groups: dict[str, list[Work]] = {}
    for work in works:
        groups.setdefault(_idea(factor, work, works), []).append(work)
    parts: list[str] = []
    lone: list[Work] = []
    for idea, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(group) == 1:
            lone += group
            continue
        parts += _told_together(voice, sorted(group, key=lambda work: (work.year, work.key)), _leads(idea))
    parts += _told_together(voice, sorted(lone, key=lambda work: (len(work.gist or "") > 110, work.year, work.key)), ("",))
    return parts


def _idea(factor: Factor, work: Work, works: Sequence[Work]) -> str:
    """A tag that the work shares with another of the works; its own key where there is none."""
    others = [other for other in works if other.key != work.key]
    shared = (
        tag
        for tag in work.about[: TAGS_THAT_COUNT - 1]
        if tag != factor.name and any(tag in other.about[: TAGS_THAT_COUNT - 1] for other in others)
    )
    return next((tag for tag in shared if tag in IDEAS), work.key)


def _leads(idea: str) -> tuple[str, ...]:
    if idea in IDEAS:
        text = IDEAS[idea]
        return (
            f"Where the question touches on {text}, ",
            f"With a view to {text}, ",
            f"Closer to {text}, ",
            f"From the side of {text}, ",
        )
    return ("",)


IDEAS = {
    "optimizer": "the update rule",
    "learning_rate": "the step size",
    "schedule": "the course of the learning rate",
    "warmup": "the opening steps",
    "batch_size": "gradient noise",
    "normalisation": "normalisation",
    "initialisation": "the starting weights",
    "depth": "depth",
    "width": "width",
    "activation": "the nonlinearity",
    "position": "word order",
    "dropout": "random masking",
    "weight_decay": "penalties on the weights",
    "label_smoothing": "softened targets",
    "grad_clip": "clipped gradients",
    "tying": "shared matrices",
    "ngram_tables": "short strings",
    "context": "longer contexts",
    "data_amount": "the amount of data",
    "byte_level": "bytes and subwords",
    "language_models": "language models",
    "transformers": "the transformer",
    "scaling": "scale",
    "short_budget": "small budgets",
    "tuning": "tuning",
    "generalisation": "generalisation",
}
"""Tag -> the idea that works with it share, in running text."""


def _told_together(voice: Voice, works: Sequence[Work], leads: tuple[str, ...]) -> list[str]:
    """The works of one idea: short summaries in pairs, long ones alone; the lead stands before the first."""
    parts: list[str] = []
    rest = list(works)
    while rest:
        work = rest.pop(0)
        partner = rest.pop(0) if rest and _short(work) and _short(rest[0]) else None
        first = leads if not parts else ("",)
        if partner is not None:
            joints = (
                f"@{work.key} {work.gist}, and @{partner.key} {partner.gist}.",
                f"@{work.key} {work.gist}, while @{partner.key} {partner.gist}.",
            )
            parts.append(voice.turn("pair of works", *(f"{lead}{joint}" for lead in first for joint in joints)))
        else:
            plain = f"@{work.key} {work.gist}."
            options = [f"{lead}{plain}" for lead in first if lead] or [plain]
            parts.append(voice.turn("a work", *options))
    return parts


def _short(work: Work) -> bool:
    """A summary with clauses of its own does not take a second one beside it."""
    gist = work.gist or ""
    return len(gist.split()) <= LONG_GIST and ", and " not in gist and gist.count(",") < 2


def _interplay(study: Study, voice: Voice) -> str:
    gap = next((gap for gap in study.record.synthesis.gaps if gap.factor is None and len(study.factors) == 2), None)
    return voice.say(f"gap {gap.id}", gap.text) if gap and printable(gap.text, study.names) else ""


# ---------------------------------------------------------------- setting and comparison


def _support_paragraph(study: Study, voice: Voice, part: str, works: Sequence[Work]) -> str:
    if not works:
        return ""
    told: list[str] = []
    tags = _SUPPORT[part][0]
    for tag in tags:
        group = [work for work in works if _lead(work, tags) == tag]
        if group:
            told += _told_together(voice, group, _SUPPORT_LEADS[tag])
    return paragraph(*told, voice.say(f"use of {part}", *_uses(study, part)))


_SUPPORT_LEADS: dict[str, tuple[str, ...]] = {
    "short_budget": ("On a small budget, ", "Asking how far a small budget carries, "),
    "scaling": ("As models grow, results move: ", "On scale, "),
    "byte_level": ("Without a tokeniser, ", "Reading bytes directly, "),
    "language_models": ("For language models in general, ", "On language models at large, "),
    "statistics": ("On the statistical side, ", "Where statistics are concerned, "),
    "reproducibility": ("On repeatability, ", "Concerned with what others can repeat, "),
    "tuning": ("Tuning is a confounder of every comparison: ", "On tuning, "),
    "evaluation": ("",),
    "compression": ("Seen as compression, ", "On prediction as compression, "),
}


def _uses(study: Study, part: str) -> tuple[str, ...]:
    """What the works of the paragraph mean for this study."""
    one, other = study.name(study.primary.treatment), study.name(study.primary.reference)
    if part == "setting":
        return (
            f"Against such models ours is a toy; what it offers is {one} beside {other} on {study.shared_seeds}, which large models "
            "rarely afford.",
            f"Our budget is shorter still, so that we see {one} in the first part of training only.",
            f"What our runs show of {one} is a data point beside these works, and no licence to extrapolate.",
        )
    if not study.compared:
        return _USES_WITHOUT_TESTS
    return (
        f"From this literature we take the analysis of {one} and {other} in pairs, the correction for several comparisons and the habit "
        "of printing every seed.",
        f"Our design follows from these works: seeds shared by {one} and {other}, an interval with every difference, and a plan that "
        "is closed before the runs.",
        f"Following these works, we compare by pairing the runs of {one} with those of {other}, by hypotheses fixed in advance, and by the plain cost of "
        "predicting held-out bytes.",
    )


_USES_WITHOUT_TESTS = (
    "By these standards our seeds are too few for a verdict, so every value is printed and none is compared.",
    "With as few seeds as ours this advice comes down to printing every value and claiming no difference.",
)
