"""The introduction: why to ask, what was done and found, how the paper was made."""

from __future__ import annotations

from researchclaw.adapters.offline.writing import tables
from researchclaw.adapters.offline.writing.language import (
    Voice,
    capital,
    cited,
    ended,
    has_citation,
    listing,
    paragraph,
    printable,
    singular,
)
from researchclaw.adapters.offline.writing.phrases import once_adjusted, question_sentence, withheld
from researchclaw.adapters.offline.writing.reading import Study


def introduction(study: Study, voice: Voice, background: dict[str, tuple[str, ...]]) -> list[str]:
    return [
        paragraph(*_background(study, voice, background)),
        paragraph(*_problem(study, voice)),
        paragraph(*_approach(study, voice)),
        paragraph(*_preview(study, voice)),
        "### How this paper was made {#sec:how_made}",
        paragraph(*_making(study, voice)),
    ]


def _background(study: Study, voice: Voice, background: dict[str, tuple[str, ...]]) -> list[str]:
    return [voice.say(f"background {sentence}", sentence) for factor in study.factors for sentence in background[factor.name]]


def _problem(study: Study, voice: Voice) -> list[str]:
    parts: list[str] = []
    # The tension that a rule finds says only that works stand behind rival settings, which tells a reader nothing.
    tension = [item for item in study.record.synthesis.agreements if item.kind == "tension" and not study.by_rules]
    for item in tension[:1]:
        keys = [f"@{work.key}" for work in study.works(item.keys)][:4]
        text = cited(item.text, study.record.citable)
        if text and keys and printable(text, study.names) and study.names_conditions_only(text):
            parts.append(voice.say(f"tension {text}", text if has_citation(text) else f"{text.rstrip('.')} [{'; '.join(keys)}]."))
    gaps = [gap for gap in study.record.synthesis.gaps if gap.factor in {factor.name for factor in study.factors}]
    for gap in (gaps or list(study.record.synthesis.gaps))[:1]:
        text = cited(gap.text, study.record.citable)
        if text and printable(text, study.names):
            parts.append(voice.say(f"gap {text}", ended(text)))
    question = question_sentence(study)
    asked = f"“{question}”" if question else listing([f"“{factor.question}”" for factor in study.factors])
    if study.record.goal.contest and len(study.factors) == 2:
        one, other = (factor.named for factor in study.factors)
        parts.append(
            voice.say(
                "intro contest",
                *(
                    (f"Asked as a contest, the question is whether {one} or {other} moves the score by more.",)
                    if study.tables
                    else (
                        f"Asked as a contest, the question is whether the same short training time is spent with more profit on {one} or on {other}.",
                        f"Both {one} and {other} compete for the same seconds of computation, which is why they are put against each other here.",
                    )
                ),
            )
        )
    elif len(study.factors) == 2:
        one, other = (factor.named for factor in study.factors)
        parts.append(
            voice.say(
                "intro partners",
                f"Because {one} and {other} act on the same {'fit' if study.tables else 'training run'}, each may change what the other does, and separate studies cannot show it.",
                f"A study of {one} alone, or of {other} alone, would leave open whether their effects add up.",
            )
        )
    parts.append(
        voice.say(
            "intro asked",
            f"This study was started by a plain question: {asked}",
            f"What follows is an answer, for a small and fully recorded setting, to the question {asked}"
            if study.primary.outcome != "uncompared"
            else f"What follows are measurements, in a small and fully recorded setting, on the question {asked}",
        )
    )
    return parts + _reading_of_the_topic(study, voice)


def _approach(study: Study, voice: Voice) -> list[str]:
    treatments = listing([study.short(contrast) for contrast in study.treatments])
    conditions = (
        f"The reference is {study.name(study.baseline) if len(study.factors) == 1 else study.baseline_in_full}; it is compared with {treatments}."
        if treatments
        else f"{capital(study.baseline_label)} is measured alone."
    )
    return [
        tables.approach(study, voice)
        if study.tables
        else voice.say(
            "intro setting",
            f"To see what {study.about} does, we hold fixed the corpus, the order of the data for a given seed and "
            "a budget of about {{cfg.budget_s|int}} seconds of training for each run (@sec:setup).",
            f"The test bed is small, so that {study.name(study.primary.treatment)} and {study.name(study.primary.reference)} meet on "
            f"{study.seed_count} and not on one: a run gets about {{{{cfg.budget_s|int}}}} seconds and the same corpus (@sec:setup).",
            f"We look for the answer where repetition is cheap: a network of {study.parameters} parameters, "
            f"about {{{{cfg.budget_s|int}}}} seconds of training and {study.seed_count} shared by all conditions (@sec:setup).",
        ),
        voice.say("intro conditions", conditions),
        voice.say(
            "intro registered",
            f"What is predicted for {study.alternatives}, and how it is judged, was fixed and hashed before the first reported run "
            "(@sec:appendix_plan).",
            f"Which differences would count for or against {study.name(study.primary.treatment)} was written down before any reported run "
            "(@sec:appendix_plan).",
        ),
    ]


def _preview(study: Study, voice: Voice) -> list[str]:
    return [
        _main_result(study, voice),
        _fates(study, voice),
        _contest(study, voice),
        *_without_an_answer(study, voice),
        _components(study, voice),
    ]


def _main_result(study: Study, voice: Voice) -> str:
    trial = study.primary
    if trial.outcome == "uncompared":
        return ""
    a, b = trial.treatment.id, trial.reference.id
    seeds = (
        "with every seed pointing the same way"
        if trial.unanimous and trial.clear
        else "although every seed points the same way"
        if trial.unanimous
        else "with the same score on every seed"
        if trial.ties == trial.n
        else f"with {study.pair('wins', a, b, 'words')} of {study.pair('pairs', a, b, 'words')} seeds in its favour"
    )
    return voice.say(
        "preview main",
        f"In short, {study.plain(trial.treatment)} {study.cmp(a, b)} {study.plain(trial.reference)}{once_adjusted(trial)}, {seeds} (@sec:results).",
        f"The main result can be put in a line: {study.plain(trial.treatment)} {study.cmp(a, b)} {study.plain(trial.reference)}{once_adjusted(trial)}, {seeds} (@sec:results).",
    )


def _fates(study: Study, voice: Voice) -> str:
    """What became of the predictions, where there are several."""
    fates: list[str] = []
    outcomes = ((study.counted("held"), "held"), (study.counted("failed"), "failed"), (study.counted("open"), "remained undecided"))
    for trials, fate in outcomes:
        if trials:
            about = listing([study.short(trial.treatment) for trial in trials])
            subject = (
                f"{'the prediction' if len(trials) == 1 else 'the predictions'} for {about}"
                if not fates
                else f"{'that' if len(trials) == 1 else 'those'} for {about}"
            )
            fates.append(f"{subject} {fate}")
    return voice.say("preview fates", f"{capital('; '.join(fates))}.") if fates and len(study.trials) > 1 else ""


def _contest(study: Study, voice: Voice) -> str:
    if study.rivals is None:
        return ""
    one, other = study.rivals
    result = study.comparison(one.id, other.id)
    why = "" if result is None else withheld(result)
    return voice.say(
        "preview contest",
        f"The direct contest is taken up in @sec:ablations, where {study.plain(one)} {study.cmp(one.id, other.id)} {study.plain(other)}{why}.",
    )


def _without_an_answer(study: Study, voice: Voice) -> list[str]:
    """Predictions whose runs are too few, or did not end."""
    uncompared = study.counted("uncompared")
    scored = [study.short(trial.treatment) for trial in uncompared if trial.result is not None]
    lost = [study.short(trial.treatment) for trial in uncompared if trial.result is None]
    parts = []
    if scored:
        parts.append(
            voice.say("preview uncompared", f"For {listing(scored)}, the finished runs are too few to say anything but their values.")
        )
    if lost:
        parts.append(voice.say("preview lost", f"About {listing(lost)} nothing can be said, for want of finished runs."))
    return parts


def _components(study: Study, voice: Voice) -> str:
    if all(result.ci95_low is None for _, _, result in study.ablation_pairs):
        return ""
    pairs = [(study.name(origin), contrast.removes or contrast.label) for contrast, origin, _ in study.ablation_pairs]
    return voice.say(
        "preview ablation",
        f"A further set of runs takes {listing([f'{removed} out of {origin}' for origin, removed in pairs])} (@sec:ablations).",
        f"How the score moves when {listing([_taken_out(origin, removed) for origin, removed in pairs])} is reported in @sec:ablations.",
    )


def _taken_out(origin: str, removed: str) -> str:
    return f"{removed} {'is' if singular(removed) else 'are'} taken out of {origin}"


_BY_ITS_PLACE = (
    "It states a number only by its place in the stored results, and cites a work only if the record of its publication is at hand."
)
"""'It' is the paper, which the sentence before has to name."""


def _making(study: Study, voice: Voice) -> list[str]:
    who = (
        tables.making(voice)
        if study.tables
        else voice.say(
            "making who",
            f"The rule-based researcher, a program of fixed rules, planned the comparison with {study.name(study.baseline)}, ran it and "
            "wrote this paper; no language model took part.",
            f"No language model had a hand in this paper: the rule-based researcher chose {study.alternatives} from what it can vary, "
            "ran the experiments and composed these sentences by fixed rules.",
        )
    )
    return [
        who,
        voice.say(
            "making values",
            "Numbers come from the stored results by their keys, and works from a catalogue of publication records; none were typed in.",
            *(() if study.tables else (_BY_ITS_PLACE,)),
            "Every value is copied from the stored results by its key, and every cited work comes from a catalogue of publication records.",
        ),
    ]


def _reading_of_the_topic(study: Study, voice: Voice) -> list[str]:
    """What the words of the question were taken to mean; told where the question stands, for all else hangs on it."""
    choices = [choice for choice in study.record.goal.choices if printable(choice, study.names)]
    set_aside = [name.replace("_", " ") for name in study.record.goal.set_aside]
    parts = []
    if choices:
        parts.append(
            voice.say(
                "making choices",
                "Such a question leaves choices open, which were made by rule.",
                "In reading it, choices were made that another researcher might have made differently.",
                "Where it left room, a rule chose, and a person might have chosen otherwise.",
            )
        )
        parts.extend(_choice(voice, choice) for choice in choices)
    if set_aside:
        parts.append(
            voice.say(
                "making aside",
                f"The question also mentions {listing(set_aside)}, which the study leaves aside in order to keep its comparisons few.",
            )
        )
    return parts


def _choice(voice: Voice, choice: str) -> str:
    """A choice as it was recorded; one that repeats the form of an earlier one gives only what is new in it."""
    _, colon, rest = choice.rstrip(".").partition(": ")
    again = (f"The same was done where the other factor is concerned, with {rest}.",) if colon else ()
    return next((said for said in (voice.say(f"choice {choice}", text) for text in (ended(choice), *again)) if said), "")
