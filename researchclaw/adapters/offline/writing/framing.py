"""Title, claim, abstract, introduction and conclusion: the same finding told at four lengths, each in its own words."""

from __future__ import annotations

import re

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
)
from researchclaw.adapters.offline.writing.reading import Study, Trial
from researchclaw.adapters.offline.writing.results import kept_change, lean_means
from stages.contracts import Factor


def title(study: Study) -> str:
    """Names the subject and how the question came out; no numeral, no claim that needs one."""
    names = [factor.label for factor in study.factors]
    subject = capital(" against ".join(names) if study.record.goal.contest else capital(study.about))
    place = tables.title_place(study, subject) if study.tables else f" in {study.record.goal.domain} under a fixed short budget"
    if study.verdict == "uncompared":
        return f"{subject}{place}: first measurements"
    ending = {
        "held": "a prediction that held" if len(study.trials) == 1 else "predictions that held",
        "failed": "a prediction that failed" if len(study.trials) == 1 else "predictions that failed",
        "open": _open_ending(study),
        "mixed": _mixed_ending(study),
    }[study.verdict]
    return f"{subject}{place}: {ending}"


def _open_ending(study: Study) -> str:
    """An undecided prediction of sameness may go with a clear difference."""
    lone = len(study.trials) == 1
    if any(trial.clear for trial in study.trials):
        return "a prediction left undecided" if lone else "predictions left undecided"
    return "a difference that paired seeds do not resolve" if lone else "differences that paired seeds do not resolve"


def _mixed_ending(study: Study) -> str:
    main = study.primary.outcome
    more = len(study.counted("held")) > 1
    return {
        "held": "the main prediction held, another failed"
        if study.counted("failed")
        else "predictions that held, and one left open"
        if more and len(study.trials) - len(study.counted("held")) == 1
        else "predictions that held beside open ones"
        if more
        else "the main prediction held, the rest stays open",
        "failed": "the main prediction failed, another held"
        if study.counted("held")
        else "the main prediction failed, the rest stays open"
        if len(study.counted("failed")) == 1
        else "predictions that failed beside open ones",
        "open": "an undecided main question and some clearer answers"
        if study.counted("held") or study.counted("failed")
        else "differences that paired seeds do not resolve",
        "uncompared": "an incomplete test of several predictions",
    }[main]


def claim(study: Study) -> str:
    """The paper's one claim, with its value by key."""
    trial = study.primary
    a, b = trial.treatment.id, trial.reference.id
    if trial.outcome == "uncompared":
        return f"The runs give first values for {study.about}; they are too few for a comparison."
    return (
        f"{capital(study.training(trial.treatment))} {study.cmp(a, b)} {study.training(trial.reference)} "
        f"({study.confidence} interval of the paired difference {study.interval(a, b)} {study.metric.unit})."
    )


LONG_ARMS = 24
"""Words of the list of conditions above which the abstract has no room for a reason to ask (a guess)."""


def abstract(study: Study, voice: Voice) -> str:
    record, trial = study.record, study.primary
    return paragraph(
        _abstract_question(study, voice),
        ""
        if study.tables or len(_arms(study).split()) > LONG_ARMS
        else voice.say(
            "abstract why",
            "What is known comes mostly from large models and long training, where few settings can be repeated.",
            "Answers from large models, seldom repeated, need not hold when training ends after seconds.",
        ),
        tables.abstract_ran(study, voice, _arms(study))
        if study.tables
        else voice.say(
            "abstract ran",
            f"We train a small byte-level transformer for {{{{cfg.budget_s|int}}}} seconds a run with {_arms(study)}, each from "
            f"{study.shared_seeds}, and score every run by {study.metric.label}.",
            f"Here a small byte-level transformer is trained with {_arms(study)}; every run lasts {{{{cfg.budget_s|int}}}} seconds, all "
            f"conditions share {study.seed_count}, and the outcome is {study.metric.label}.",
        ),
        _abstract_result(study, voice, trial),
        _abstract_others(study, voice),
        _as_asked(study, voice),
        _abstract_use(study, voice),
        "" if not record.failed else "Of {{cfg.runs_reported|int}} planned runs, {{cfg.runs_failed|int}} did not end with a score.",
        tables.abstract_caveat(study, voice)
        if study.tables
        else voice.must(
            "abstract caveat",
            f"What is found of {study.name(study.primary.treatment)} is bound to {study.scale}, one corpus of program text and this length of "
            "training; a rule-based program planned the study, ran it and wrote it up.",
            f"A rule-based program gathered this evidence and wrote it up, from {study.scale} and one corpus of program text; what "
            f"becomes of {study.name(study.primary.treatment)} in larger models was not tested.",
        ),
    )


def _arms(study: Study) -> str:
    others = [study.arm(contrast) for contrast in study.treatments]
    reference = study.baseline_in_full
    return (
        f"{reference} as the reference and {listing(others)} as {'alternatives' if len(others) > 1 else 'the alternative'}"
        if others
        else reference
    )


def _abstract_question(study: Study, voice: Voice) -> str:
    question = question_sentence(study)
    if question is not None:
        return voice.say("abstract question", question)
    return voice.say("abstract question", *(factor.question for factor in study.factors))


def question_sentence(study: Study) -> str | None:
    """The user's question where it can stand in the paper as it is; None when it holds typed numbers."""
    question = study.record.goal.question.strip()
    if not printable(question, study.names) or not 4 <= len(question.split()) <= 40:
        return None
    return capital(question if question.endswith("?") else f"{question.rstrip('.')}?")


def _abstract_result(study: Study, voice: Voice, trial: Trial) -> str:
    a, b = trial.treatment.id, trial.reference.id
    if trial.result is None:
        return f"The main comparison, {trial.treatment.label} against {study.name(trial.reference)}, could not be made, because no pair of runs finished."
    if trial.outcome == "uncompared":
        return (
            f"With so few seeds no comparison is drawn: the mean {study.metric.label} is {study.value(a, 'mean', 'f3')} for {trial.treatment.label} "
            f"and {study.value(b, 'mean', 'f3')} for {study.name(trial.reference)}, with {study.pair('diff', a, b, 'signed3')} {study.metric.unit} "
            "between their shared seeds."
        )
    one, other, verdict = study.training(trial.treatment), study.training(trial.reference), study.cmp(a, b)
    values = (
        f"{study.pair('diff', a, b, 'signed3')} {study.metric.unit} with a {study.confidence} interval from "
        f"{study.pair('ci_low', a, b, 'signed3')} to {study.pair('ci_high', a, b, 'signed3')}"
    )
    if trial.outcome == "held":
        beside = trial.clear and trial.hypothesis.predicts == "same"
        lead = "Within the margin that had been predicted" if beside else "As predicted"
        return f"{lead}, {one} {verdict} {other}: the paired difference is {values}."
    if trial.outcome == "failed" and trial.clear:
        return f"Contrary to the prediction, {one} {verdict} {other}: the paired difference is {values}."
    if trial.outcome == "failed":
        return f"The main prediction fails, although {one} {verdict} {other} after adjustment: the paired difference is {values}."
    return f"The main prediction stays undecided: {one} {verdict} {other}{_once_adjusted(trial)}; the paired difference is {values}."


def _abstract_others(study: Study, voice: Voice) -> str:
    if study.rivals is not None:
        one, other = study.rivals
        return voice.say(
            "abstract contest",
            f"Set against each other, {study.plain(one)} {study.cmp(one.id, other.id)} {study.plain(other)} "
            f"({study.pair('diff', one.id, other.id, 'signed3')} {study.metric.unit}, interval {study.interval(one.id, other.id)}).",
        )
    if study.interaction_measured:
        clear = study.results.interaction is not None and study.results.interaction.verdict in {"better", "worse"}
        added = "so the effects do not simply add up" if clear else "which is compatible with effects that simply add up"
        return voice.say(
            "abstract interaction",
            f"Making both changes at once departs from the sum of the separate effects by {{{{interaction.mean_diff|signed3}}}} {study.metric.unit} "
            f"(interval {{{{interaction.ci95_low|signed3}}}} to {{{{interaction.ci95_high|signed3}}}}), {added}.",
        )
    others = [trial for trial in study.trials[1:] if trial.outcome != "uncompared" and trial.result is not None][:2]
    if not others:
        return ""

    def difference(trial: Trial) -> str:
        apart = not trial.clear and trial.side != "both"
        why = ", where the interval leaves out zero but the adjusted p value does not follow" if apart else ""
        return f"({study.pair('diff', trial.treatment.id, trial.reference.id, 'signed3')} {study.metric.unit}{why})"

    first, *second = others
    text = (
        f"{capital(study.plain(first.treatment))} {study.cmp(first.treatment.id, first.reference.id)} "
        f"{study.plain(first.reference)} {difference(first)}"
    )
    for trial in second:
        alike = trial.result is not None and first.result is not None and trial.result.verdict == first.result.verdict
        if alike and trial.reference.id == first.reference.id:
            joint = "and so is" if trial.clear else "and neither does"
            text += f", {joint} {study.plain(trial.treatment)} {difference(trial)}"
        else:
            text += (
                f", whereas {study.plain(trial.treatment)} {study.cmp(trial.treatment.id, trial.reference.id)} "
                f"{'it' if trial.reference.id == first.reference.id else study.plain(trial.reference)} {difference(trial)}"
            )
    return voice.say("abstract others", f"{text}.")


_UNDER = re.compile(r"\b(?:when|whenever|if|while|under|once|given)\b", re.IGNORECASE)
"""What makes one factor of a question the circumstance of the other."""


def _circumstance(study: Study) -> tuple[Factor, Factor] | None:
    """(asked about, circumstance) of 'does dropout help when the data are scarce?'; None where no factor is one."""
    goal = study.record.goal
    if len(study.factors) != 2 or len(goal.matches) != 2 or goal.contest:
        return None
    under = _UNDER.search(goal.topic)
    places = {match.factor: goal.topic.find(match.words[0]) for match in goal.matches}
    if under is None or min(places.values()) < 0:
        return None
    first, second = sorted(study.factors, key=lambda factor: places[factor.name])
    if places[first.name] < under.start() < places[second.name]:
        return first, second
    comma = goal.topic.find(",", under.start())
    return (second, first) if under.start() < places[first.name] < comma < places[second.name] else None


def _as_asked(study: Study, voice: Voice) -> str:
    """The comparison that a question of the form 'does A help when B?' names: A on top of B against B alone."""
    found = _circumstance(study)
    if found is None:
        return ""
    asked, circumstance = found
    # 'when gradients are clipped' names what the reference has anyway; only a level beside it makes a case of its own.
    named = next(match.levels for match in study.record.goal.matches if match.factor == circumstance.name)
    for planned in study.record.plan.comparisons:
        a, b = study.conditions[planned.a], study.conditions[planned.b]
        result = study.comparison(a.id, b.id)
        added = [factor.name for factor, level in study.levels(a) if b.levels.get(factor.name) != level.name]
        case = a.role == "combination" and b.role == "treatment" and b.levels.get(circumstance.name) in named
        if case and added == [asked.name] and result and result.ci95_low is not None:
            return voice.must(
                "abstract as asked",
                f"In the case that the question names, {study.plain(a)} {study.cmp(a.id, b.id)} {study.plain(b)} "
                f"({study.pair('diff', a.id, b.id, 'signed3')} {study.metric.unit}, interval {study.interval(a.id, b.id)}).",
            )
    return ""


def _abstract_use(study: Study, voice: Voice) -> str:
    """What the outcomes mean for a choice of setting."""
    if not study.compared:
        return ""
    ahead = [trial for trial in study.trials if trial.result is not None and trial.result.verdict == "better"]
    if ahead:
        first = max(ahead, key=lambda trial: trial.result.abs_mean_diff if trial.result else 0.0)
        label, rival = study.name(first.treatment), study.name(first.reference)
        where, under = _bounds(study)
        if first.treatment in study.moved:
            ran, other = study.moved_values(first.treatment), study.moved_from(first.treatment)
            return voice.must(
                "abstract use",
                f"{where} there is thus a reason to choose {label} over {rival}, though part of the gain may be owed to its {ran} "
                f"(reference: {other}).",
                f"{under}, {label} may be preferred to {rival}; its {ran} (reference: {other}) may account for part of the gain.",
            )
        return voice.say(
            "abstract use",
            f"{where} there is thus a reason to choose {label} over {rival}.",
            f"{under}, then, {label} should be preferred to {rival}.",
        )
    return _use_without_a_winner(study, voice)


def _use_without_a_winner(study: Study, voice: Voice) -> str:
    """What to choose where no treatment is ahead: an ablation or a searched setting may be, or nothing is."""
    lean = study.lean_ahead
    opening = (
        "No tested hypothesis gives a reason for a change"
        if lean is None
        else f"No tested hypothesis gives a reason for a change, but an ablation, {study.plain(lean)}, ends ahead of the reference on every seed "
        f"({lean_means(study, lean)}, a comparison that was not registered)"
    )
    if study.tuned_ahead and study.record.incumbent:
        start = study.conditions[study.record.incumbent]
        difference = (
            f"{study.pair('diff', 'tuned', start.id, 'signed3')} {study.metric.unit}, interval {study.interval('tuned', start.id)}"
        )
        return voice.must(
            "abstract use",
            f"{opening}; outside the registered comparisons, a setting found by a short search, "
            f"{kept_change(study)}, {study.cmp('tuned', start.id)} {study.plain(start)} on fresh seeds ({difference}).",
        )
    if lean is not None:
        return voice.must("abstract use", f"{opening}.")
    if any(trial.clear for trial in study.trials):
        where, under = _bounds(study)
        return voice.say(
            "abstract use",
            f"{where} nothing speaks for leaving {study.name(study.baseline)}.",
            f"{under}, then, {study.name(study.baseline)} should stay.",
        )
    return voice.say(
        "abstract use",
        "Within what these seeds resolve, the choice may be left to convenience.",
        "Effects below what these seeds resolve may exist; none was found that should decide a choice.",
    )


def _bounds(study: Study) -> tuple[str, str]:
    """What the advice holds for, as two openings of a sentence."""
    return ("For data like these", "On such data") if study.tables else ("For training of this length", "Under so short a budget")


# ---------------------------------------------------------------- introduction


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
    tension = [item for item in study.record.synthesis.agreements if item.kind == "tension"]
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
            "{{cfg.budget_s|int}} seconds of training for each run (@sec:setup).",
            f"The test bed is small, so that {study.name(study.primary.treatment)} and {study.name(study.primary.reference)} meet on "
            f"{study.seed_count} and not on one: a run gets {{{{cfg.budget_s|int}}}} seconds and the same corpus (@sec:setup).",
            f"We look for the answer where repetition is cheap: a network of {study.parameters} parameters, "
            f"{{{{cfg.budget_s|int}}}} seconds of training and {study.seed_count} shared by all conditions (@sec:setup).",
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
    parts = []
    held, failed, still_open = study.counted("held"), study.counted("failed"), study.counted("open")
    trial = study.primary
    a, b = trial.treatment.id, trial.reference.id
    if trial.outcome != "uncompared":
        seeds = (
            "with every seed pointing the same way"
            if trial.unanimous and trial.clear
            else "although every seed points the same way"
            if trial.unanimous
            else "with the same score on every seed"
            if trial.ties == trial.n
            else f"with {study.pair('wins', a, b, 'words')} of {study.pair('pairs', a, b, 'words')} seeds in its favour"
        )
        parts.append(
            voice.say(
                "preview main",
                f"In short, {study.plain(trial.treatment)} {study.cmp(a, b)} {study.plain(trial.reference)}, {seeds} (@sec:results).",
                f"The main result can be put in a line: {study.plain(trial.treatment)} {study.cmp(a, b)} {study.plain(trial.reference)}, {seeds} (@sec:results).",
            )
        )
    fates: list[str] = []
    for trials, fate in ((held, "held"), (failed, "failed"), (still_open, "remained undecided")):
        if trials:
            about = listing([study.short(trial.treatment) for trial in trials])
            subject = (
                f"{'the prediction' if len(trials) == 1 else 'the predictions'} for {about}"
                if not fates
                else f"{'that' if len(trials) == 1 else 'those'} for {about}"
            )
            fates.append(f"{subject} {fate}")
    if fates and len(study.trials) > 1:
        parts.append(voice.say("preview fates", f"{capital('; '.join(fates))}."))
    if study.rivals is not None:
        one, other = study.rivals
        parts.append(
            voice.say(
                "preview contest",
                f"The direct contest is taken up in @sec:ablations, where {study.plain(one)} {study.cmp(one.id, other.id)} {study.plain(other)}.",
            )
        )
    if study.counted("uncompared"):
        scored = [study.short(trial.treatment) for trial in study.counted("uncompared") if trial.result is not None]
        lost = [study.short(trial.treatment) for trial in study.counted("uncompared") if trial.result is None]
        if scored:
            parts.append(
                voice.say(
                    "preview uncompared", f"For {listing(scored)}, the finished runs are too few to say anything but their values."
                )
            )
        if lost:
            parts.append(voice.say("preview lost", f"About {listing(lost)} nothing can be said, for want of finished runs."))
    if any(result.ci95_low is not None for _, _, result in study.ablation_pairs):
        pairs = [(study.name(origin), contrast.removes or contrast.label) for contrast, origin, _ in study.ablation_pairs]
        parts.append(
            voice.say(
                "preview ablation",
                f"A further set of runs takes {listing([f'{removed} out of {origin}' for origin, removed in pairs])}, to see what its score owes "
                "to it (@sec:ablations).",
                f"How much {listing([f'{origin} owes to {removed}' for origin, removed in pairs])} is examined in @sec:ablations.",
            )
        )
    return parts


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


# ---------------------------------------------------------------- conclusion


def conclusion(study: Study, voice: Voice) -> list[str]:
    trial = study.primary
    parts: list[str] = []
    if trial.outcome == "uncompared":
        parts.append(_no_main_answer(study, voice, trial))
        parts += _other_answers(study, voice)
    else:
        endings = {
            "held": (
                f"The question about {study.about} has an answer for this setting, and it is the predicted one",
                "In this setting the main prediction passed its test",
            ),
            "failed": (
                f"The question about {study.about} has an answer for this setting, and it is not the predicted one",
                "The prediction made in advance has to be given up in this setting",
            ),
            "open": (
                f"The question about {study.about} stays open in this setting",
                "The experiment returns no verdict on its main prediction, which is itself worth recording",
            ),
        }[trial.outcome]
        parts.append(voice.must("conclusion", *(f"{text}: {_measured(study, trial)}{_by_margin(study, trial)}." for text in endings)))
        parts += _other_answers(study, voice)
        parts.append(_not_apart(study, voice))
        parts.append(_lean(study, voice))
    lost = [study.name(other.treatment) for other in study.trials[1:] if other.result is None]
    if lost:
        parts.append(
            voice.must(
                "conclusion lost",
                f"What was foretold of {listing(lost)} stays untested until runs with {'it' if len(lost) == 1 else 'them'} come to an end.",
            )
        )
    if study.rivals is not None:
        one, other = study.rivals
        parts.append(
            voice.say(
                "conclusion contest",
                f"As a contest it ends like this: {'on the same rows' if study.tables else 'for the same time'}, {study.plain(one)} {study.cmp(one.id, other.id)} {study.plain(other)}; the mean difference is {study.pair('diff', one.id, other.id, 'signed3')} {study.metric.unit}, with an interval from {study.interval(one.id, other.id)}.",
            )
        )
    both = study.results.interaction
    if study.interaction_measured and both is not None and both.verdict in {"better", "worse"} and study.rivals is None:
        parts.append(
            voice.say(
                "conclusion interplay",
                f"Since the joint effect departs from the sum of the separate ones by {{{{interaction.abs_mean_diff|f3}}}} {study.metric.unit}, "
                "neither factor should be set without regard to the other.",
            )
        )
    parts.append(_next_step(study, voice, trial))
    parts.append(
        voice.say(
            "conclusion reuse",
            f"The runs are stored with their seeds and commands, so that a doubt about {study.name(study.primary.treatment)} can be "
            "settled by running them again.",
            f"Seeds and commands of the {{{{cfg.runs_reported|int}}}} runs are on record, so the value of {study.name(study.baseline)} and "
            "every other can be put to the test again.",
            f"Whoever doubts a value, of {study.name(study.primary.treatment)} or another, can repeat the run behind it from the commands in "
            "@sec:appendix_reproducibility.",
        )
    )
    return [paragraph(*parts)]


def _not_apart(study: Study, voice: Voice) -> str:
    """That an answer on a level is one on the settings that moved along with it, too; empty where none did."""
    clear = [trial.treatment for trial in study.trials if trial.clear and trial.treatment in study.moved]
    if not clear:
        return ""
    nouns = listing(list(dict.fromkeys(study.noun(name) for contrast in clear for name in study.moved_along(contrast))))
    names = listing([study.label(contrast) for contrast in clear])
    return voice.must(
        "conclusion moved",
        f"What {names} would give at the {nouns} of the reference was not measured, so these answers hold for whole settings.",
        f"These answers hold for {names} at other values of {nouns} than the reference has; the shares cannot be told apart.",
    )


def _lean(study: Study, voice: Voice) -> str:
    """That an ablation ends ahead of the reference, where one does; what the treatments say is not all that was measured."""
    lean = study.lean_ahead
    if lean is None:
        return ""
    return voice.must(
        "conclusion lean",
        f"None of these answers is about the leading mean of the plan, that of {study.name(lean)} ({lean_means(study, lean)} for the "
        "reference), which no registered comparison sets against the reference.",
        f"Ahead of the reference on every seed, though in no registered comparison with it, ends {study.name(lean)}, {lean_means(study, lean)}.",
    )


def _no_main_answer(study: Study, voice: Voice, trial: Trial) -> str:
    """Why the main question has no answer: its runs are missing, or too few."""
    if trial.result is None:
        lost = [study.name(contrast) for contrast in (trial.treatment, trial.reference) if not study.has_value(contrast.id)]
        why = f"no run of {listing(lost)} ended with a score" if lost else "its two sides share no seed that finished"
        return voice.must("conclusion", f"The main question, about {study.name(trial.treatment)}, has no answer here, because {why}.")
    return voice.say(
        "conclusion",
        f"The runs reported here show what values are reached in this setting and how to repeat them; an answer about {study.about} has to wait for more seeds."
        if not study.compared
        else f"For the main comparison, with {study.name(trial.treatment)}, too few pairs of runs finished, so its question stays without an answer.",
    )


def _measured(study: Study, trial: Trial) -> str:
    """Direction, size and interval of a comparison, without a period."""
    a, b = trial.treatment.id, trial.reference.id
    return (
        f"at a mean difference of {study.pair('diff', a, b, 'signed3')} {study.metric.unit} and an interval from {study.interval(a, b)}, "
        f"{study.plain(trial.treatment)} {study.cmp(a, b)} {study.plain(trial.reference)}{_once_adjusted(trial)}"
    )


def _once_adjusted(trial: Trial) -> str:
    """Why a verdict is withheld from an interval that leaves out no difference; empty where none is."""
    return "" if trial.clear or trial.side == "both" else " once the test is adjusted, although the interval itself leaves out zero"


def _by_margin(study: Study, trial: Trial) -> str:
    return f"; {_fate(study, trial)}" if trial.hypothesis.predicts == "same" else ""


def _other_answers(study: Study, voice: Voice) -> list[str]:
    """The further hypotheses, one sentence each; what became of the second prediction is not said in the words of the first."""
    answers: list[str] = []
    told: set[str] = set()
    for trial in study.trials[1:]:
        if trial.outcome != "uncompared":
            answers.append(_other_answer(study, voice, trial, told))
            told.add(_fate(study, trial))
    return answers


def _other_answer(study: Study, voice: Voice, trial: Trial, told: set[str]) -> str:
    """A further hypothesis in one sentence: direction, size, interval and what became of the prediction.

    told: what has been said of earlier predictions.
    """
    a, b = trial.treatment.id, trial.reference.id
    one, other, verdict = study.plain(trial.treatment), f"{study.plain(trial.reference)}{_once_adjusted(trial)}", study.cmp(a, b)
    diff, span = f"{study.pair('diff', a, b, 'signed3')} {study.metric.unit}", study.interval(a, b)
    fate = _fate(study, trial, again=_fate(study, trial) in told)
    return voice.must(
        "conclusion other",
        f"{capital(one)} {verdict} {other} ({diff} on average, interval {span}); {fate}.",
        f"For {study.name(trial.treatment)} the mean difference is {diff} and the interval {span}, so {one} {verdict} {other}; {fate}.",
        f"An interval of {span} around {diff} says that {one} {verdict} {other}; {fate}.",
    )


def _fate(study: Study, trial: Trial, *, again: bool = False) -> str:
    """What became of a prediction, as a clause; sameness is judged by its registered margin alone.

    again: the same was said of an earlier one.
    """
    margin = study.cfg(f"predicted_{trial.hypothesis.id}", "f3")
    if trial.hypothesis.predicts == "same" and margin is not None and trial.hypothesis.predicted_size > 0:
        return {
            "held": f"the whole interval keeps to the predicted margin of {margin}",
            "failed": f"the whole interval lies beyond the predicted margin of {margin}",
            "open": f"whether this keeps to the predicted margin of {margin} stays undecided",
            "uncompared": "",
        }[trial.outcome]
    if again:
        return {
            "held": "here, too, the prediction holds",
            "failed": "here, too, the prediction fails",
            "open": "here, too, the prediction stays open",
            "uncompared": "",
        }[trial.outcome]
    return {
        "held": "this had been predicted",
        "failed": "the opposite had been predicted",
        "open": "the prediction about it stays undecided",
        "uncompared": "",
    }[trial.outcome]


def _next_runs(study: Study, voice: Voice) -> str:
    """What to run next where the main comparison has too few runs."""
    if study.record.failed:
        lost = listing(list(dict.fromkeys(study.name(study.conditions[run.condition]) for run in study.record.failed)))
        return voice.say("next failures", f"Before anything else it should be found out why runs with {lost} end without a score.")
    return voice.say("next seeds", "Seeds are what is missing: with more of them the same plan would return verdicts.")


def _next_step(study: Study, voice: Voice, trial: Trial) -> str:
    asked_for = {(match.factor, name) for match in study.record.goal.matches for name in match.levels}
    levels = [(factor.name, level) for factor in study.factors for level in factor.levels if not level.is_baseline]
    levels.sort(key=lambda entry: (entry[0], entry[1].name) not in asked_for)  # what the topic named comes first
    spare = [level.label for factor, level in levels if not _tried(study, factor, level.name)]
    if trial.outcome == "uncompared":
        return _next_runs(study, voice)
    if trial.outcome == "open":
        return voice.say(
            "next open",
            f"The direct way forward is more seeds for {study.name(trial.treatment)}, until the detectable difference falls below the size that was predicted.",
            f"More seeds for {study.name(trial.treatment)} and {study.name(trial.reference)} would narrow the interval, and nothing else in the design would need to change.",
        )
    if trial.outcome == "failed" and trial.hypothesis.predicts == "same":
        return voice.say(
            "next failed",
            f"Why {study.name(trial.treatment)} matters here, although no difference of note had been expected, is the question that this study hands on.",
            f"The next experiment should look for the reason why so much depends on {study.name(trial.treatment)} after all.",
        )
    if trial.outcome == "failed":
        return voice.say(
            "next failed",
            f"The next experiment should look for the reason, since the mechanism from which the effect of {study.name(trial.treatment)} was derived is now in doubt.",
            f"Why {study.name(trial.treatment)} did not do what its mechanism suggests is the question that this study hands on.",
        )
    if spare:
        return voice.say(
            "next spare",
            f"Left untried {'was' if len(spare) == 1 else 'were'} {listing(spare[:3])}, which the same design could take up without any change.",
            f"The natural sequel is to put {listing(spare[:3])} through the same comparison.",
        )
    return voice.say(
        "next longer", f"The natural sequel is the same comparison {'on other data' if study.tables else 'under a longer budget'}."
    )


def _tried(study: Study, factor: str, level: str) -> bool:
    return any(contrast.levels.get(factor) == level for contrast in study.record.plan.conditions)
