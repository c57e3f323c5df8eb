"""Discussion and limitations: what follows for practice, what stands against it, and what could mislead."""

from __future__ import annotations

import re

from researchclaw.adapters.offline.writing.language import (
    Voice,
    capital,
    cited,
    ended,
    listing,
    paragraph,
    printable,
    sentences,
)
from researchclaw.adapters.offline.writing.reading import Study, Trial
from researchclaw.adapters.offline.writing.results import figure, shown
from stages.contracts import AnalystRemark, Factor, Outline

_ALIKE = re.compile(
    r"\b(told apart|separated|no difference|hardly|agree|alike|does not matter|harmless|no harm|nothing|suffices?|keeps (?:up|pace)|same)\b",
    re.IGNORECASE,
)
_AHEAD = re.compile(r"\b(wins?|ahead|better|pays?|helps?|large gain|higher)\b", re.IGNORECASE)
_BEHIND = re.compile(r"\b(harm|behind|worse|loses?|hurts?|fails?|rises)\b", re.IGNORECASE)


def discussion(study: Study, voice: Voice, outline: Outline) -> list[str]:
    blocks = [
        paragraph(*_meaning(study, voice)),
        paragraph(*_practice(study, voice)),
        paragraph(*_literature(study, voice)),
        _cost(study, voice, outline),
        paragraph(*_remarks(study, voice)),
    ]
    return [block for block in blocks if block]


def _meaning(study: Study, voice: Voice) -> list[str]:
    """What the outcomes say about the mechanisms and objections that were on record."""
    parts = []
    for trial in study.trials:
        label = trial.treatment.label
        if trial.outcome == "held" and trial.hypothesis.predicts == "better":
            parts.append(
                voice.say(
                    f"meaning {trial.hypothesis.id}",
                    f"That {study.training(trial.treatment)} {study.cmp(trial.treatment.id, trial.reference.id)} {study.training(trial.reference)} fits the mechanism described in @sec:factor; it does not prove it, because a score cannot show why it moved.",
                    f"For {label} the proponent's reasoning survives: the score moved as the mechanism in @sec:factor suggests, although other causes would leave the same trace.",
                )
            )
        elif trial.outcome == "held" and trial.hypothesis.predicts == "worse":
            parts.append(
                voice.say(
                    f"meaning {trial.hypothesis.id}",
                    f"The objection raised against {label} before the runs was justified, at least at this budget.",
                    f"With {label} the skeptic was right, and the argument in its favour in @sec:hypotheses does not carry at this budget.",
                )
            )
        elif trial.outcome == "held":
            parts.append(
                voice.say(
                    f"meaning {trial.hypothesis.id}",
                    f"The arguments for and against {label} seem to balance here, as the chair supposed.",
                    f"That {label} changes so little suggests that its mechanism has no hold on runs this short.",
                )
            )
        elif trial.outcome == "failed":
            parts.append(
                voice.say(
                    f"meaning {trial.hypothesis.id}",
                    f"The reasoning that led to the prediction for {label} must be wrong or incomplete in this setting, however plausible it read in @sec:hypotheses.",
                    f"For {label} the debate backed the losing side; what was said against the adopted prediction now deserves the closer look.",
                    f"The failed prediction for {label} is informative: the argument behind it was made for longer or larger training, and it does not transfer here.",
                )
            )
        elif trial.outcome == "open" and trial.clear:
            parts.append(
                voice.say(
                    f"meaning {trial.hypothesis.id}",
                    f"With {label} something does change, so an argument that sees no effect at all is out; how much of it matters is left to a larger experiment.",
                    f"The balance that the chair saw between the arguments on {label} is not quite there: one side has the sign, neither has the size.".replace(
                        "one side", "a side"
                    ),
                )
            )
        elif trial.outcome == "open":
            narrow = trial.size_against_prediction == "excluded"
            parts.append(
                voice.say(
                    f"meaning {trial.hypothesis.id}",
                    f"As to {label}, the experiment has at least bounded the effect: an effect as large as the proponent had in mind is ruled out."
                    if narrow
                    else f"As to {label}, neither the proponent nor the skeptic can point to this experiment.",
                    f"Absence of a clear verdict on {label} must not be read as evidence that it has no effect.",
                )
            )
    return [part for part in parts if part]


def _practice(study: Study, voice: Voice) -> list[str]:
    """What a practitioner would do: of the courses considered beforehand those whose condition comes closest to the outcome."""
    parts: list[str] = []
    for factor in study.factors:
        fitting = _fitting(study, factor)
        if not fitting:
            continue
        exact = fitting[0][0] >= NAMED
        parts.append(
            voice.say(
                f"practice {factor.name}",
                f"For practice, the outcome on {factor.named} points to a course that was considered before the runs."
                if exact
                else f"Of the courses of action on {factor.named} that were considered before the runs, this comes closest to the outcome.",
                f"What to do about {factor.named} in runs like these was thought through beforehand for several outcomes, and this is the one that occurred.".replace(
                    "the one that occurred", "the case that occurred"
                )
                if exact
                else f"No course of action on {factor.named} that was considered before the runs fits exactly; the nearest is the following.",
            )
        )
        parts.extend(
            voice.say(f"practice {text}", text)
            for _, text in fitting[: 2 if exact and len(fitting) > 1 and fitting[1][0] >= NAMED else 1]
        )
    parts.append(_plain_reading(study, voice))
    if not study.compared:
        parts.append(voice.say("practice few", f"On values as few as these nobody should change a setting of {study.about}."))
    return [part for part in parts if part]


def _plain_reading(study: Study, voice: Voice) -> str:
    """What the outcomes alone suggest to somebody who has to choose a setting now."""
    ahead = [trial for trial in study.trials if trial.clear and trial.result is not None and trial.result.verdict == "better"]
    clear = [trial for trial in study.trials if trial.clear]
    if ahead:
        first = min(ahead, key=lambda trial: -abs(trial.result.mean_diff if trial.result else 0.0))
        ratio = study.results.conditions[first.treatment.id].cost_ratio
        price = f", the price of {study.of(first.treatment.id, 'cost_ratio', 'f2')} per step included" if ratio > 1.05 else ""
        return voice.say(
            "plain reading",
            f"Whoever has to train such a model for so short a time has grounds to choose {first.treatment.label} over {study.name(first.reference)}{price}, and none to expect the same of longer training.",
            f"In the plainest terms, {first.treatment.label} is the setting to take from this comparison{price}, for training of this length and no further.",
        )
    if clear:
        return voice.say(
            "plain reading",
            f"In the plainest terms, there is no ground here to move away from {study.baseline_label}.",
            f"Whoever starts from {study.baseline_label} should stay there, as far as training of this length is concerned.",
        )
    if study.compared:
        return voice.say(
            "plain reading",
            f"Whoever has to choose now may let convenience decide between {study.baseline_label} and its rivals, since these runs give no reason to prefer any.",
        )
    return ""


NAMED = 3
"""Fit from which a course of action names the very level that had the outcome."""


def _fitting(study: Study, factor: Factor) -> list[tuple[int, str]]:
    """(fit, practice sentence), best first: those whose condition is what happened."""
    trials = [trial for trial in study.trials if factor.name in trial.treatment.levels and trial.outcome != "uncompared"]
    scored: list[tuple[int, int, str]] = []
    for place, sentence in enumerate(factor.practice):
        text = cited(sentence, study.record.citable)
        if text and printable(text, study.names):
            alike = not any(trial.clear for trial in trials)
            fit = max((_fit(text.split(",")[0], trial, factor, alike) for trial in trials), default=0)
            if fit > 0:
                scored.append((-fit, place, text))
    return [(-fit, text) for fit, _, text in sorted(scored)]


def _fit(condition: str, trial: Trial, factor: Factor, alike: bool) -> int:
    """Above zero when the condition of an 'If …' sentence describes the trial's outcome; more when it names its level.

    alike: no comparison of the factor's levels is clear. What is behind its reference is also a reference that is ahead.
    """
    said = (
        "alike" if _ALIKE.search(condition) else "behind" if _BEHIND.search(condition) else "ahead" if _AHEAD.search(condition) else ""
    )
    assert trial.result is not None
    happened = {"better": "ahead", "worse": "behind"}.get(trial.result.verdict, "alike")
    words = _stems(condition) - _stems(factor.label)
    named = {
        level.name: len(words & (_stems(" ".join((level.label, *level.words))) - _stems(factor.label))) for level in factor.levels
    }
    top = max(named.values())
    own = max((named[name] for name in trial.treatment.levels.values() if name in named), default=0)
    base = max(named[level.name] for level in factor.levels if level.is_baseline)
    if said == "alike":
        return 0 if happened != "alike" or (own < max(top, 1) and not alike) else NAMED if 0 < own == top else 2
    if said == happened:
        return NAMED if 0 < own == top else 1 if top == 0 else 0
    if {said, happened} == {"ahead", "behind"}:
        return NAMED if 0 < base == top else 0
    return 0


def _stems(text: str) -> set[str]:
    """Words of content, crudely without endings."""
    return {
        re.sub(r"(er|est|s|ing|ed)$", "", word) for word in re.findall(r"[a-z]+", text.lower()) if len(word) > 3 and word not in _EMPTY
    }


_EMPTY = frozenset(
    {"with", "from", "that", "this", "than", "then", "when", "ahead", "behind", "help", "helps", "does", "harm"}
    | {"model", "models", "rate", "rates", "training", "large", "clear", "clearly"}
)


def _literature(study: Study, voice: Voice) -> list[str]:
    """How the outcome stands to the works that introduced the levels, and to tensions that the synthesis found."""
    parts = []
    for trial in study.trials[:2]:
        keys = [f"@{work.key}" for _, level in study.levels(trial.treatment) for work in study.works(level.works)][:3]
        if not keys or trial.outcome == "uncompared":
            continue
        cites, label = f"[{'; '.join(dict.fromkeys(keys))}]", trial.treatment.label
        if trial.clear and trial.result is not None and trial.result.verdict == "better":
            parts.append(
                voice.say(
                    f"literature {label}",
                    f"In the works that speak for {label} {cites} the models are larger and train for longer; our runs add a case at the small end that points the same way.",
                    f"The result on {label} is in line with what its authors had in mind {cites}, at a scale that they did not consider.",
                )
            )
        elif trial.clear:
            parts.append(
                voice.say(
                    f"literature {label}",
                    f"This is no refutation of the works that stand behind {label} {cites}, which concern training that is longer by orders of magnitude.",
                    f"The authors who studied {label} {cites} had other budgets in mind, and a failure in so short a run is compatible with their results.",
                )
            )
        else:
            parts.append(
                voice.say(
                    f"literature {label}",
                    f"Reports on {label} {cites} come from settings with more computation, and our interval neither backs nor disputes them.",
                    f"Against the background of the works on {label} {cites}, an undecided outcome mainly says that this setting is too short or too noisy to reproduce their differences.",
                )
            )
    for item in study.record.synthesis.agreements:
        text = cited(item.text, study.record.citable)
        keys = [f"@{work.key}" for work in study.works(item.keys)][:4]
        if item.kind == "tension" and text and keys and printable(text, study.names):
            parts.append(voice.say(f"tension {text}", f"{text.rstrip('.')} [{'; '.join(keys)}]."))
    return [part for part in parts if part]


def _cost(study: Study, voice: Voice, outline: Outline) -> str:
    spec = shown(outline, "cost_quality")
    ratios = {contrast.id: study.results.conditions[contrast.id].cost_ratio for contrast in study.measured}
    dear = max(study.measured, key=lambda contrast: ratios[contrast.id])
    if spec is None or ratios[dear.id] <= 1.05:
        return ""
    text = voice.say(
        "cost",
        f"The comparison is made at equal time, not at equal steps: a step costs {study.of(dear.id, 'cost_ratio', 'f2')} times the reference with {study.name(dear)}, and @fig:{spec.id} sets the score against this price.",
        f"Since equal time and not equal steps is the rule here, {study.name(dear)} pays for steps at {study.of(dear.id, 'cost_ratio', 'f2')} times the reference price; @fig:{spec.id} shows score and price together.",
    )
    return f"{text}\n\n{figure(spec)}"


_SPEAKERS = {
    "statistician": (
        "A statistician who looked at the same values adds: {text}",
        "From the statistical side it should be added: {text}",
    ),
    "domain reader": ("A reader from the field would note: {text}", "For readers who train such models: {text}"),
    "devil's advocate": (
        "The devil's advocate of the analysis objects: {text}",
        "An objection from the analysis deserves its place: {text}",
    ),
}


def _remarks(study: Study, voice: Voice) -> list[str]:
    """What the analysts saw and the text has not said; each analyst speaks at most once."""
    parts: list[str] = []
    heard: set[str] = set()
    for remark in study.record.remarks:
        text = cited(remark.text, study.record.citable)
        if (
            remark.analyst in heard
            or not text
            or not printable(text, study.names)
            or not voice.fresh(text)
            or _ids(study, remark)
            or _told(text)
        ):
            continue
        first, *more = sentences(ended(text))
        said = voice.say(f"remark {remark.analyst}", *(frame.format(text=capital(first)) for frame in _SPEAKERS[remark.analyst]))
        if said:
            heard.add(remark.analyst)
            parts.append(paragraph(said, *(voice.say(f"remark {remark.analyst} {line}", line) for line in more)))
    return parts


def _told(text: str) -> bool:
    """Whether the remark gives a difference with its interval, which the results have given already."""
    return "{{diff(" in text and "{{ci_low(" in text


def _ids(study: Study, remark: AnalystRemark) -> bool:
    """Whether the bare text names a condition by its id instead of its label."""
    bare = re.sub(r"\{\{[^}]*\}\}", " ", remark.text)
    return any("_" in name and name in bare for name in study.conditions)


# ---------------------------------------------------------------- limitations


def limitations(study: Study, voice: Voice) -> list[str]:
    return [
        block
        for block in (paragraph(*_confounders(study, voice)), paragraph(*_scale(study, voice)), paragraph(*_evidence(study, voice)))
        if block
    ]


def _confounders(study: Study, voice: Voice) -> list[str]:
    parts = []
    for factor in study.factors:
        fresh = [
            text
            for text in (cited(sentence, study.record.citable) for sentence in factor.confounders)
            if text and printable(text, study.names) and voice.fresh(text)
        ]
        if not fresh:
            continue
        parts.append(
            voice.say(
                f"confounders {factor.name}",
                f"What looks like an effect of {factor.named} may have another source.",
                f"Other causes could pass for an effect of {factor.named}.",
                f"Not every difference that follows a change of {factor.named} is owed to it.",
            )
        )
        limit = 3 if len(study.factors) == 1 else 2
        parts.extend(voice.say(f"confounder {text}", ended(text)) for text in fresh[:limit])
    moved = [contrast for contrast in study.treatments if len(contrast.settings) > len(contrast.levels)]
    if moved:
        names = listing([contrast.label for contrast in moved])
        parts.append(
            voice.say(
                "limits moved",
                f"Moreover, {names} differ{'s' if len(moved) == 1 else ''} from the reference in accompanying settings that were chosen by judgement and not by search.",
                f"The settings that come along with {names} were set by judgement; a search might have treated {'it' if len(moved) == 1 else 'them'} differently.",
            )
        )
    else:
        parts.append(
            voice.say(
                "limits untuned",
                f"Nothing was tuned for single conditions, so a setting that suits {study.baseline_label} may put its rivals at a disadvantage or hide their weakness.".replace(
                    "at a disadvantage", "in the wrong light"
                ),
                f"All settings besides {study.about} were left where they suit {study.baseline_label}, and other conditions might have asked for others.",
            )
        )
    return [part for part in parts if part]


def _scale(study: Study, voice: Voice) -> list[str]:
    parameters, steps = study.of(study.baseline.id, "parameters"), study.of(study.baseline.id, "steps")
    name = study.data("name", "text")
    return [
        voice.say(
            "limits scale",
            f"The scale is small in every respect: {parameters} parameters, {steps} steps, {{{{cfg.budget_s|int}}}} seconds; what {study.about} {'do' if study.plural else 'does'} in models that are trained for days is a different question.",
            f"With {parameters} parameters and {steps} steps the runs cover the opening of training only, and the part that {study.about} play{'' if study.plural else 's'} later is out of sight.",
            f"Results on {study.about} were obtained with {parameters} parameters and {{{{cfg.budget_s|int}}}} seconds, and rankings are known to change with both.",
        ),
        voice.say(
            "limits corpus",
            f"Only one kind of text was used, {name}, whose regular form may favour or mask particular settings of {study.about}.".replace(
                "Only one kind", "Only this kind"
            )
            if name
            else "",
            f"The corpus, {name}, is program text; prose, other languages and other sources may rank {study.baseline_label} and its rivals differently."
            if name
            else "",
        ),
    ]


def _few_seeds(study: Study, voice: Voice) -> str:
    if study.seeds < 3:
        return voice.say(
            "limits seeds",
            f"With {study.seed_count} for each condition nothing can be said about how far the scores on {study.about} would scatter, let alone about which condition is preferable.",
        )
    return voice.say(
        "limits seeds",
        f"Few seeds were run, {{{{cfg.seeds|words}}}} for each condition: the spread on which every interval for {study.about} rests is itself poorly known.",
        f"The intervals for {study.about} assume that differences between seeds are roughly normal, which {{{{cfg.seeds|words}}}} values for each condition cannot check.",
    )


def _evidence(study: Study, voice: Voice) -> list[str]:
    open_trials = study.counted("open")
    shown_lit = study.lit("included")
    parts = [
        _few_seeds(study, voice),
    ]
    if open_trials:
        labels = listing([study.short(trial.treatment) for trial in open_trials])
        parts.append(
            voice.say(
                "limits open",
                f"In particular, the undecided outcome for {labels} may only reflect this lack of seeds.",
                f"An undecided verdict, as for {labels}, must be expected often under such conditions.",
            )
        )
    if study.record.failed:
        labels = listing(list(dict.fromkeys(study.conditions[run.condition].label for run in study.record.failed)))
        parts.append(
            voice.say(
                "limits failed",
                f"Runs that failed, all of them with {labels}, leave gaps that are unlikely to be random, since a setting that breaks training breaks it for a reason.".replace(
                    "all of them with", "those with"
                ),
            )
        )
    if shown_lit:
        parts.append(
            voice.say(
                "limits literature",
                f"The reading behind {study.about} covers {shown_lit} works from an embedded catalogue, by their records and short summaries, not by their full texts; relevant work will be missing.",
                f"Finally, the literature on {study.about} was searched in an embedded catalogue, of which {shown_lit} works were kept; it was not read in full, and the newest work may be absent.",
            )
        )
    parts.append(
        voice.say(
            "limits rules",
            f"A program chose the conditions on {study.about} by rule; a researcher with taste and experience might have asked a sharper question.",
            f"Rules, and not insight, decided which levels of {study.about} to compare and which to leave out.",
        )
    )
    return [part for part in parts if part]
