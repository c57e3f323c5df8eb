"""The abstract: question, what was run, result, caveat."""

from __future__ import annotations

import re

from researchclaw.adapters.offline.writing import asked, tables
from researchclaw.adapters.offline.writing.language import Voice, capital, listing, paragraph
from researchclaw.adapters.offline.writing.phrases import (
    beside_the_question,
    fresh_seeds,
    kept_change,
    lean_means,
    main_prediction,
    once_adjusted,
    question_sentence,
    withheld,
)
from researchclaw.adapters.offline.writing.reading import Study, Trial
from stages.contracts import Contrast, Factor

LONG_ARMS = 24
"""Words of the list of conditions above which the abstract has no room for a reason to ask (a guess)."""


def abstract(study: Study, voice: Voice) -> str:
    record, trial = study.record, study.primary
    return paragraph(
        _abstract_question(study, voice),
        ""
        if study.tables or len(_arms(study).split()) > LONG_ARMS or asked.either_way(study) is not None
        else voice.say(
            "abstract why",
            "What is known comes mostly from large models and long training, where few settings can be repeated.",
            "Answers from large models, seldom repeated, need not hold when training ends after seconds.",
        ),
        tables.abstract_ran(study, voice, _arms(study))
        if study.tables
        else voice.say(
            "abstract ran",
            f"We train a small byte-level transformer on a budget of about {{{{cfg.budget_s|int}}}} seconds{_of_clock(study)} a run with "
            f"{_arms(study)}, each from {study.shared_seeds}, and score every run by {study.metric.label}.",
            f"Here a small byte-level transformer is trained with {_arms(study)}; the budget of a run is about {{{{cfg.budget_s|int}}}} "
            f"seconds{_of_clock(study)}, all "
            f"conditions share {study.seed_count}, and the outcome is {study.metric.label}.",
        ),
        *_abstract_results(study, voice, trial),
        _as_asked(study, voice),
        _abstract_use(study, voice),
        "" if not record.failed else "Of {{cfg.runs_reported|int}} planned runs, {{cfg.runs_failed|int}} did not end with a score.",
        tables.abstract_caveat(study, voice)
        if study.tables
        else voice.must(
            "abstract caveat",
            f"What is found of {study.name(study.primary.treatment)} is bound to models of {_scale(study)}, one corpus of program text and this length of "
            "training; a rule-based program planned the study, ran it and wrote it up.",
            f"A rule-based program gathered this evidence and wrote it up, from models of {_scale(study)} and one corpus of program text; what "
            f"becomes of {study.name(study.primary.treatment)} in larger models was not tested.",
        ),
    )


def _of_clock(study: Study) -> str:
    return " of processor time" if study.results.environment.get("clock") == "cpu" else ""


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


def _abstract_results(study: Study, voice: Voice, trial: Trial) -> list[str]:
    """The outcomes, with what the words of the topic ask for at their head."""
    both = asked.either_way(study)
    if both is not None:
        return [f"{asked.simple_effects(study, both)[0]}.", _abstract_verdict(study, trial), _abstract_others(study, voice)]
    found = asked.choice(study)
    if found is not None:
        return [f"{asked.answer(study, found)}.", _abstract_verdict(study, trial)]
    return [_abstract_result(study, voice, trial), _abstract_others(study, voice)]


def _abstract_verdict(study: Study, trial: Trial) -> str:
    """What became of the main prediction, with its interval unless that has been given."""
    a, b = trial.treatment.id, trial.reference.id
    both = asked.either_way(study)
    given = both is not None and both.alone == (trial.treatment, trial.reference)
    span = "" if given or trial.outcome == "uncompared" else f" ({study.confidence} interval {study.interval(a, b)})"
    return f"{main_prediction(study, trial)}{span}."


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
    return f"The main prediction stays undecided: {one} {verdict} {other}{once_adjusted(trial)}; the paired difference is {values}."


def _abstract_others(study: Study, voice: Voice) -> str:
    if study.rivals is not None:
        one, other = study.rivals
        return voice.say(
            "abstract contest",
            f"Set against each other, {study.plain(one)} {study.cmp(one.id, other.id)} {study.plain(other)}{_withheld(study, one, other)} "
            f"({study.pair('diff', one.id, other.id, 'signed3')} {study.metric.unit}, interval {study.interval(one.id, other.id)}).",
        )
    if study.interaction_measured:
        added = asked.interplay(study)
        return voice.say(
            "abstract interaction",
            f"Making both changes at once departs from the sum of the separate effects by {study.interplay('mean_diff')} {study.metric.unit} "
            f"(interval {study.interplay('ci95_low')} to {study.interplay('ci95_high')}), {added}.",
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


def _withheld(study: Study, one: Contrast, other: Contrast) -> str:
    result = study.comparison(one.id, other.id)
    return "" if result is None else withheld(result)


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
                f"In the case that the question names, {study.plain(a)} {study.cmp(a.id, b.id)} {study.plain(b)}{withheld(result)} "
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
        "No alternative under test is clearly ahead"
        if lean is None
        else f"No alternative under test is clearly ahead, but an ablation, {study.plain(lean)}, ends ahead of the reference on every seed "
        f"({lean_means(study, lean)}, a comparison that was not registered)"
    )
    if study.tuned_ahead and study.record.incumbent:
        start = study.conditions[study.record.incumbent]
        difference = (
            f"{study.pair('diff', 'tuned', start.id, 'signed3')} {study.metric.unit}, interval {study.interval('tuned', start.id)}"
        )
        return voice.must(
            "abstract use",
            f"{opening}. Outside the registered comparisons, with {kept_change(study)} added by a short search, the tuned setting "
            f"{study.cmp('tuned', start.id)} {study.plain(start)} before this change on {fresh_seeds(study, start)} ({difference})"
            f"{beside_the_question(study, briefly=True)}.",
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


def _scale(study: Study) -> str:
    """Parameters of the models that the abstract speaks of; that of the search belongs to them where nothing else is ahead."""
    ahead = any(trial.result is not None and trial.result.verdict == "better" for trial in study.trials)
    return study.scale if study.compared and not ahead and study.tuned_ahead else f"{study.parameters} parameters"


def _bounds(study: Study) -> tuple[str, str]:
    """What the advice holds for, as two openings of a sentence."""
    return ("For data like these", "On such data") if study.tables else ("For training of this length", "Under so short a budget")
