"""Related work: works as subjects of sentences, ordered by theme and year, tied to the question at the end of each paragraph."""

from __future__ import annotations

import re
from collections.abc import Sequence

from researchclaw.adapters.offline.writing.language import (
    Voice,
    capital,
    cited,
    ended,
    has_citation,
    listing,
    paragraph,
    printable,
)
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import Theme, Work

MOST_WORKS = 34
"""Cited in this section; with those of the other sections a paper ends between thirty and forty."""
FEWEST_WORKS = 26
"""Below it the picture of the field is too thin for a paper; works outside the themes are then taken in as well (a guess)."""
MOST_IN_THEME = 9
LONG_GIST = 21
"""Words of a gist above which it fills a sentence alone; pairs of shorter ones share one."""

_PROGRAM_WORDS = re.compile(r"\b(pipelines?|artifacts?|artefacts?|kits?|harness|stage)\b", re.IGNORECASE)
"""Words that a reader would take for jargon of the program that wrote the paper, whatever a work means by them."""

OWN_WORDS = frozenset(
    {"evaluation", "statistics", "reproducibility", "tuning", "short_budget", "byte_level", "scaling", "language_models"}
)


def related_work(study: Study, voice: Voice) -> list[str]:
    paragraphs: list[str] = []
    used: set[str] = set()
    room = MOST_WORKS
    themes = list(study.themes)
    for place, theme in enumerate(themes):
        left = len(themes) - place
        share = min(MOST_IN_THEME, max(3, room // left)) if left else room
        works = _chosen(study, theme, used, min(share if place else MOST_IN_THEME, room))
        if not works:
            continue
        used |= {work.key for work in works}
        room -= len(works)
        paragraphs.append(_theme_paragraph(study, voice, theme, works))
    for theme in _further(study, used, FEWEST_WORKS - len(used)):
        paragraphs.append(
            _theme_paragraph(study, voice, theme, sorted(study.works(theme.keys), key=lambda work: (work.year, work.key)))
        )
    return paragraphs


def _further(study: Study, used: set[str], missing: int) -> list[Theme]:
    """Works of the shortlist that no theme took up, by their leading tag, where the themes alone give too thin a picture."""
    grouped: dict[str, list[str]] = {}
    for work in study.record.works:
        tag = next((tag for tag in work.about if tag in NEIGHBOURS), None)
        if missing > 0 and tag and work.gist and work.key not in used and _quotable(work.gist):
            grouped.setdefault(tag, []).append(work.key)
            missing -= 1
    return [Theme(id=f"more_{tag}", title=NEIGHBOURS[tag], about=(tag,), keys=tuple(keys)) for tag, keys in grouped.items()]


NEIGHBOURS = {
    "optimizer": "Optimisers",
    "learning_rate": "The learning rate",
    "schedule": "Learning-rate schedules",
    "warmup": "Warm-up",
    "batch_size": "Batch size",
    "normalisation": "Normalisation",
    "initialisation": "Initialisation",
    "depth": "Depth",
    "width": "Width",
    "activation": "Activation functions",
    "position": "Position information",
    "dropout": "Dropout",
    "weight_decay": "Weight decay",
    "label_smoothing": "Label smoothing",
    "grad_clip": "Gradient clipping",
    "tying": "Shared embeddings",
    "ngram_tables": "Counts of short strings",
    "context": "Longer contexts",
    "data_amount": "Training data",
    "byte_level": "Models of bytes",
    "language_models": "Language models",
    "transformers": "Transformers",
    "scaling": "Scaling",
    "short_budget": "Short budgets",
    "tuning": "Tuning",
    "evaluation": "Evaluation",
    "statistics": "Statistics of comparison",
    "reproducibility": "Reproducibility",
    "compression": "Compression",
    "generalisation": "Generalisation",
    "systems": "Systems for training",
}
"""Tag -> what a paragraph on it is about, for works outside the synthesis's themes."""


def _chosen(study: Study, theme: Theme, used: set[str], most: int) -> list[Work]:
    """The theme's works with something to say, the most relevant first, then put in the order of years."""
    studied = {factor.name for factor in study.factors}
    level_works = {key for factor in study.factors for level in factor.levels for key in level.works}
    candidates = [work for work in study.works(theme.keys) if work.gist and work.key not in used and _quotable(work.gist)]
    if not studied & set(theme.about):
        near = [work for work in candidates if len(set(work.about) & (OWN_WORDS | studied)) > 1]
        candidates = near if len(near) > 2 else candidates

    def relevance(work: Work) -> tuple[int, int, int, int, str]:
        about = [place for place, tag in enumerate(work.about) if tag in studied]
        kin = len(set(work.about) & (OWN_WORDS | studied))
        return (0 if work.key in level_works else 1, min(about, default=9), -kin, len(work.gist or ""), work.key)

    return sorted(sorted(candidates, key=relevance)[:most], key=lambda work: (work.year, work.key))


def _theme_paragraph(study: Study, voice: Voice, theme: Theme, works: Sequence[Work]) -> str:
    parts = [_opening(study, voice, theme, works[0])]
    rest = list(works[1:])
    previous = works[0]
    while rest:
        work = rest.pop(0)
        partner = rest[0] if rest and _short(work) and _short(rest[0]) else None
        if partner is not None:
            rest.pop(0)
            parts.append(_together(voice, previous, work, partner))
            previous = partner
        else:
            parts.append(_alone(voice, previous, work))
            previous = work
        if work.also and partner is None and _studied(study) & set(work.about[:2]) and _bears_on(study, work.also):
            parts.append(_also(voice, work))
    parts.append(_agreement(study, voice, works))
    parts.append(_link(study, voice, theme, works))
    return paragraph(*parts)


def _quotable(gist: str) -> bool:
    """Whether a summary can stand in the text as it is."""
    return printable(gist) and _PROGRAM_WORDS.search(gist) is None


def _studied(study: Study) -> set[str]:
    return {factor.name for factor in study.factors}


def _bears_on(study: Study, text: str) -> bool:
    """Whether a second finding of a work is about what is studied here."""
    words = {
        word
        for factor in study.factors
        for word in (factor.label.lower(), *factor.words, *(level.label.lower() for level in factor.levels))
    }
    return any(re.search(rf"\b{re.escape(word)}\b", text.lower()) for word in words if len(word) > 4)


def _short(work: Work) -> bool:
    return len((work.gist or "").split()) <= LONG_GIST - 6 and not _has_inner_clause(work)


def _has_inner_clause(work: Work) -> bool:
    """A gist with clauses of its own does not take a second one beside it."""
    return ", and " in (work.gist or "") or (work.gist or "").count(",") > 1


def _subject(work: Work) -> str:
    return f"@{work.key}"


def _opening(study: Study, voice: Voice, theme: Theme, work: Work) -> str:
    title = theme.title.rstrip(".")
    title = title if re.match(r"[A-Z]{2}|[A-Z][a-z]+[A-Z]", title) else title[:1].lower() + title[1:]
    return voice.turn(
        "theme",
        f"On {title}, {_subject(work)} {work.gist}.",
        f"In the work on {title}, an early step is that of {_subject(work)}, who {work.gist}.",
        f"Among the works on {title} that were read, {_subject(work)} {work.gist}.",
        f"As to {title}, {_subject(work)} {work.gist}.",
        f"Turning to {title}, we begin with {_subject(work)}, who {work.gist}.",
        f"The works on {title} start, among those read, with {_subject(work)}, who {work.gist}.",
    )


def _after(previous: Work, work: Work) -> tuple[str, ...]:
    """Openings that the years allow."""
    return {
        "same year": ("In the same year, ", "", "Also at that time, ", ""),
        "soon": ("", "Soon afterwards, ", "", "Shortly after, "),
        "later": ("Some years later, ", "", "Later, ", ""),
        "much later": ("Much later, ", "In more recent work, " if work.year >= 2018 else "After many years, ", ""),
    }[_distance(previous, work)]


def _distance(previous: Work, work: Work) -> str:
    gap = work.year - previous.year
    return "same year" if gap <= 0 else "soon" if gap <= 2 else "later" if gap <= 7 else "much later"


def _alone(voice: Voice, previous: Work, work: Work) -> str:
    return voice.turn(
        f"after {_distance(previous, work)}", *(f"{opening}{_subject(work)} {work.gist}." for opening in _after(previous, work))
    )


def _together(voice: Voice, previous: Work, work: Work, partner: Work) -> str:
    gap = partner.year - work.year
    joints = ("and", "while") if gap <= 1 else ("and later", "before")
    options = []
    for opening in _after(previous, work):
        for joint in joints:
            if joint == "before":
                continue
            options.append(f"{opening}{_subject(work)} {work.gist}, {joint} {_subject(partner)} {partner.gist}.")
    return voice.turn(f"together {_distance(previous, work)}", *options)


def _also(voice: Voice, work: Work) -> str:
    pronoun = "The author" if len(work.authors) == 1 and not work.authors_truncated else "They"
    return voice.say(f"also {work.key}", f"{pronoun} also {work.also} [@{work.key}].")


def _agreement(study: Study, voice: Voice, works: Sequence[Work]) -> str:
    """What several of these works say together, where the synthesis found it."""
    here = {work.key for work in works}
    for item in study.record.synthesis.agreements:
        shared = [key for key in item.keys if key in here]
        text = cited(item.text, study.record.citable)
        if item.kind == "agreement" and len(shared) > 1 and text and printable(text, study.names):
            return voice.say(
                f"agreement {text}",
                ended(text) if has_citation(text) else f"{text.rstrip('.')} [{'; '.join('@' + key for key in shared)}].",
            )
    return ""


def _link(study: Study, voice: Voice, theme: Theme, works: Sequence[Work]) -> str:
    """What the paragraph means for this paper: a level that comes from it, a gap it leaves, or what was taken over from it."""
    own = _levels_from(study, works)
    if own:
        labels = listing([label for label, _ in own])
        keys = "; ".join(f"@{key}" for key in sorted({key for _, key in own}))
        return voice.say(
            f"link levels {theme.id}",
            f"From these works come {labels}, which are conditions of the present experiment [{keys}]."
            if len(own) > 1
            else f"From this line comes {labels}, a condition of the present experiment [{keys}].",
            f"The experiment below puts {labels} from this group to the test [{keys}].",
            f"Of these proposals, {labels} enter{'' if len(own) > 1 else 's'} the comparison of this paper [{keys}].",
        )
    for gap in study.record.synthesis.gaps:
        text = cited(gap.text, study.record.citable)
        if text and set(gap.rests_on) & {work.key for work in works} and printable(text, study.names):
            said = voice.say(f"gap {text}", ended(text))
            if said:
                return said
    for tag in theme.about:
        if tag in LINKS and tag not in {factor.name for factor in study.factors}:
            said = voice.say(
                f"link {theme.id}",
                *(option.format(subject=study.about, are=study.is_are, s="" if study.plural else "s") for option in LINKS[tag]),
            )
            if said:
                return capital(said)
    return ""


def _levels_from(study: Study, works: Sequence[Work]) -> list[tuple[str, str]]:
    """(label, key) of measured levels that a work of the paragraph introduced or studied."""
    here = {work.key for work in works}
    levels = [level for contrast in study.record.plan.conditions for _, level in study.levels(contrast)]
    found: dict[str, str] = {}
    for level in levels:
        for key in level.works:
            if key in here:
                found.setdefault(level.label, key)
    return list(found.items())


LINKS: dict[str, tuple[str, ...]] = {
    "optimizer": (
        "Whatever is concluded about {subject} below holds for the optimiser of the baseline, since these methods respond to settings in their own ways.",
        "Since optimisers react differently to {subject}, the present comparison keeps to a single update rule wherever its conditions allow it.",
    ),
    "learning_rate": (
        "The learning rate is therefore named with every condition on {subject}, because its best value may move when something else does.",
        "For {subject} this is a warning: a setting that was tuned for one condition may be out of tune for the next.",
    ),
    "schedule": (
        "How the rate falls towards the end interacts with the length of training, so {subject} {are} studied here at a single, stated length.",
    ),
    "warmup": ("The first steps weigh more in a short run, so the fraction of warm-up is kept in view when {subject} {are} judged.",),
    "batch_size": (
        "Batch size sets how many updates fit into the budget, which makes it the first suspect whenever {subject} appear{s} to act.",
    ),
    "normalisation": (
        "Which normalisation is in place decides how large a step the network tolerates, and with it what {subject} can show.",
    ),
    "initialisation": (
        "A short run stays nearer to its starting point, so results on {subject} may carry the mark of the initial weights.",
    ),
    "depth": ("Shape and depth are fixed in the present network, unless {subject} itself is about them.",),
    "width": (
        "At the small width used here these relations need not hold, which is a reason to measure {subject} and not to extrapolate.",
    ),
    "activation": ("The nonlinearity is left as it is in the baseline, so that it cannot be confused with {subject}.",),
    "position": (
        "In a short context there is presumably less to gain from information on position, which limits what {subject} can owe to it here.",
    ),
    "dropout": (
        "With a short budget a model meets few strings often enough to memorise them, and this is the background against which {subject} must be read.",
    ),
    "weight_decay": ("Decay of the weights acts slowly; in runs as short as ours we expect it to leave {subject} largely alone.",),
    "label_smoothing": (
        "The loss that is reported here is always the plain cross-entropy, so {subject} cannot profit from a change of the yardstick.",
    ),
    "grad_clip": ("Clipping bounds the steps of every condition alike and is part of the frame in which {subject} {are} compared.",),
    "tying": (
        "With an alphabet of bytes the embedding is small, which leaves less at stake than in the models of these papers when {subject} {are} varied.",
    ),
    "ngram_tables": (
        "Counts of short byte strings are a strong competitor at this budget, and a model that ignores them must be judged with that in mind on {subject}.",
    ),
    "context": ("Our context is short and the same everywhere, unless the condition on {subject} changes it openly.",),
    "data_amount": (
        "How much text a run sees is stated with the conditions on {subject}, so that the amount of data cannot act as a hidden cause.",
    ),
    "byte_level": (
        "Bytes are used here as well: no tokeniser stands between {subject} and the score.",
        "Working on bytes keeps the score comparable across conditions, since {subject} cannot alter the unit in which it is counted.",
    ),
    "language_models": (
        "Against models of that size ours is a toy; what it offers for {subject} {are} repetition with shared seeds, which large models rarely afford.",
        "Such models are trained at a single setting of most things; the present paper goes the other way and repeats a small setting to isolate {subject}.",
    ),
    "transformers": (
        "The network below is a plain member of this family, chosen so that changes to {subject} act on familiar parts.",
        "For {subject} the family matters only as the common frame in which the conditions differ.",
    ),
    "scaling": (
        "Such laws describe well-tuned training over many sizes; they leave room for {subject} to matter at the lower end, where our runs are.",
        "A result on {subject} from the small end of these curves is a data point, and no licence to extrapolate.",
    ),
    "short_budget": (
        "The present study of {subject} belongs to this line: it asks what a fixed and short amount of computation buys.",
        "Our budget is shorter still, which turns {subject} into a question about the first part of training.",
    ),
    "tuning": (
        "Every comparison of {subject} {are} thus also a comparison of how well each condition was tuned, a point taken up in @sec:limitations.",
        "We spend no search on single conditions, so that none of them gets more attention than another when {subject} {are} compared.",
    ),
    "evaluation": (
        "Tasks of this kind are out of reach for models as small as ours, so {subject} {are} judged by something plainer: the cost of predicting held-out bytes.",
        "What such tests measure is beyond our models; for {subject} we fall back on the quantity that training itself pursues, the cost of the next byte.",
    ),
    "statistics": (
        "From this literature we take the paired analysis and the correction for several comparisons that the tests on {subject} need.",
        "With as few seeds as ours these tools also say what cannot be decided about {subject}, which is reported as plainly as the rest.",
    ),
    "reproducibility": (
        "In answer to such concerns, each run behind the statements on {subject} can be repeated from a recorded command.",
        "We take from it the duty to print all seeds of the comparison of {subject} and to keep the plan apart from the outcome.",
    ),
    "compression": (
        "Seen this way, a byte-level model that varies in {subject} {are} a compressor, and general-purpose compressors give its score a scale.",
        "This is why compressed sizes of the same files stand beside the scores on {subject} in @sec:setup.",
    ),
    "generalisation": (
        "Held-out files, and not training loss, therefore decide about {subject} below.",
        "In a run this short, fitting and generalising on {subject} can hardly be told apart, and we make no attempt to do so.",
    ),
    "systems": (
        "Speed is part of the question, since at a fixed budget a condition on {subject} pays for costly steps with fewer of them.",
        "The budget below is therefore counted in time and translated into steps for each condition on {subject}.",
    ),
    "research_agents": (
        "This paper is itself the product of an automatic process, which is why its claims about {subject} are tied to a record that can be checked.",
        "The present study of {subject} comes from the modest end of this field: fixed rules, small experiments, and no claim without a stored value.",
    ),
}
"""Tag -> what a theme about it means for a study of {subject}; statements about the design, none about results."""
