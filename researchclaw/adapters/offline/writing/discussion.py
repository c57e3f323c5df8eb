"""Discussion: what the outcome means, what follows for practice, and how it stands to earlier works."""

from __future__ import annotations

import re

from researchclaw.adapters.offline.writing import asked
from researchclaw.adapters.offline.writing.figure_text import figure, shown
from researchclaw.adapters.offline.writing.foreseen import fitting
from researchclaw.adapters.offline.writing.language import (
    Voice,
    capital,
    cited,
    ended,
    listing,
    lowered,
    paragraph,
    printable,
    sentences,
)
from researchclaw.adapters.offline.writing.phrases import beside_the_question, kept_change, lean_means
from researchclaw.adapters.offline.writing.reading import Study, Trial
from stages.contracts import AnalystRemark, Contrast, Outline


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
    parts = [_meaning_of(study, voice, trial) for trial in study.trials]
    return [part for part in parts if part]


def _meaning_of(study: Study, voice: Voice, trial: Trial) -> str:
    together = trial.treatment.role == "combination"
    if trial.outcome == "held" and together and trial.hypothesis.predicts == "same":
        return _of_a_joint_sameness(study, voice, trial)
    label = study.name(trial.treatment)
    match trial.outcome:
        case "held":
            said = _meaning_of_a_joint_change(trial, label) if together else _meaning_of_a_held_prediction(study, trial, label)
        case "failed":
            said = _meaning_of_a_costly_failure(study, trial, label) or (
                f"The reasoning that led to the prediction for {label} must be wrong or incomplete in this setting, however plausible it read in @sec:hypotheses.",
                f"For {label} the {'table' if study.by_rules else 'debate'} backed the losing side, and what was said against the adopted prediction deserves the closer look.",
                f"The failed prediction for {label} is informative, since the argument behind it {'is a common one' if study.by_rules else 'was adopted after a debate'} and still does not carry here.",
            )
        case "open":
            said = _meaning_of_an_open_prediction(study, trial, label)
        case "uncompared":
            return ""
    return voice.say(f"meaning {trial.hypothesis.id}", *said)


def _meaning_of_a_costly_failure(study: Study, trial: Trial, label: str) -> tuple[str, ...]:
    """Of a loss that nobody predicted, where fewer steps than the reference makes are a cause of their own."""
    if not study.lost_with_fewer_steps(trial):
        return ()
    steps, rival = study.of(trial.treatment.id, "steps"), study.of(trial.reference.id, "steps")
    return (
        f"Either the reasoning behind the prediction for {label} is incomplete, or the price of a step outweighs it: within the same time "
        f"{steps} steps were made, against {rival} with the reference.",
        f"With {label} only {steps} steps fit into the time in which the reference makes {rival}, so the failed prediction need not speak "
        "against the argument behind it.",
        f"What failed with {label} may be the argument for it or the bargain, since its {steps} steps stand against {rival}.",
    )


def _meaning_of_a_joint_change(trial: Trial, label: str) -> tuple[str, ...]:
    kind = "gain" if trial.hypothesis.predicts == "better" else "loss"
    return (f"The {kind} with {label} came as foreseen, although the arguments had been about its parts and not about their union.",)


def _meaning_of_a_held_prediction(study: Study, trial: Trial, label: str) -> tuple[str, ...]:
    return {
        "better": (
            f"The gain with {label} is what @sec:hypotheses predicts; it does not prove the mechanism behind the prediction, because a score cannot show why it moved.",
            f"For {label} the {'argument made beforehand' if study.by_rules else 'reasoning of the proponent'} survives: the score moved as @sec:hypotheses has it, although other causes would leave the same trace.",
            f"For {label} the case made beforehand has passed a test that it could have failed, which is not the same as an explanation.",
        ),
        "worse": (
            f"The objection raised against {label} before the runs was justified, at least {study.here}.",
            f"About {label} {'the objection' if study.by_rules else 'the skeptic'} was right, and the argument in its favour in @sec:hypotheses does not carry {study.here}.",
        ),
        "same": (
            f"The arguments for and against {label} seem to balance here, as {'the prediction' if study.by_rules else 'the chair'} supposed.",
            f"That so little changes with {label} suggests that its mechanism has no hold on {'data like these' if study.tables else 'runs this short'}.",
        ),
    }[trial.hypothesis.predicts]


def _meaning_of_an_open_prediction(study: Study, trial: Trial, label: str) -> tuple[str, ...]:
    if trial.clear:
        return (
            f"With {label} something does change, so an argument that sees no effect at all is out; how much of it matters is left to a larger experiment.",
            f"The balance that {'the prediction' if study.by_rules else 'the chair'} saw between the arguments on {label} is not quite there: one side has the sign, neither has the size.",
        )
    return (
        f"For {label} the experiment has at least bounded the effect: one as large as had been predicted is ruled out."
        if trial.size_against_prediction == "excluded"
        else f"On {label}, neither {'the argument for nor the one against' if study.by_rules else 'the proponent nor the skeptic'} can point to this experiment.",
        f"Absence of a clear verdict on {label} must not be read as evidence that it has no effect.",
    )


def _of_a_joint_sameness(study: Study, voice: Voice, trial: Trial) -> str:
    """Two changes that leave no difference together: idle ones, or ones that cancel each other."""
    label = study.name(trial.treatment)
    parts = [other for other in study.trials if other.treatment.role == "treatment" and other.clear]
    if parts:
        moved = listing([study.name(other.treatment) for other in parts])
        return voice.say(
            f"meaning {trial.hypothesis.id}",
            f"A joint difference as small as that of {label} does not make its parts idle: on its own, "
            f"{'each of ' if len(parts) > 1 else ''}{moved} moves the score.",
        )
    return voice.say(
        f"meaning {trial.hypothesis.id}",
        f"Together, too, the changes stay within what had been declared negligible, as {label} shows.",
    )


def _practice(study: Study, voice: Voice) -> list[str]:
    """What a practitioner would do: the remark of the kit whose condition is what happened, where there is one, and the bare outcome."""
    parts: list[str] = []
    for factor in study.factors:
        text = fitting(study, factor)
        if text:
            parts.append(
                voice.turn(
                    "practice",
                    f"A remark on such an outcome was written down before the runs, which do not test it: {lowered(text)}.",
                    f"Among the remarks written beforehand, untested by these runs, is one on such an outcome: {lowered(text)}.",
                )
            )
    parts += [_order_of_means(study, voice), _plain_reading(study, voice)]
    if not study.compared:
        parts.append(voice.say("practice few", "On values as few as these nobody should change a setting."))
    return [part for part in parts if part]


def _order_of_means(study: Study, voice: Voice) -> str:
    """Where all levels stand, for a topic that asks for one of them, and what of this order was tested."""
    found = asked.choice(study)
    if found is None:
        return ""
    return voice.must(
        "order of means",
        f"Best mean first, the order is {asked.order(study, found)}; of these distances only those from {study.label(found.reference)} "
        "were tested.",
        f"In the order of their means stand {asked.order(study, found)}; each was tested against {study.label(found.reference)} alone, "
        "and the others not among themselves.",
    )


def _plain_reading(study: Study, voice: Voice) -> str:
    """What the outcomes alone suggest to somebody who has to choose a setting now."""
    ahead = [trial for trial in study.trials if trial.clear and trial.result is not None and trial.result.verdict == "better"]
    clear = [trial for trial in study.trials if trial.clear]
    if ahead:
        first = min(ahead, key=lambda trial: -abs(trial.result.mean_diff if trial.result else 0.0))
        ratio = study.results.conditions[first.treatment.id].cost_ratio
        price = f", even at {study.of(first.treatment.id, 'cost_ratio', 'f2')} times {study.price}" if ratio > 1.05 else ""
        if first.treatment in study.moved:
            price = f", with the settings of @tbl:conditions{price}"
        return voice.say(
            "plain reading",
            *(
                (
                    f"Whoever has data like these has grounds to choose {study.name(first.treatment)} over {study.name(first.reference)}{price}, and none to expect the same of other data.",
                    f"In the plainest terms, the method to take from this comparison is {study.name(first.treatment)}{price}, for data of this kind and no further.",
                )
                if study.tables
                else (
                    f"Whoever has to train such a model for so short a time has grounds to choose {study.name(first.treatment)} over {study.name(first.reference)}{price}, and none to expect the same of longer training.",
                    f"In the plainest terms, the setting to take from this comparison is {study.name(first.treatment)}{price}, for training of this length and no further.",
                )
            ),
        )
    lean = study.lean_ahead
    if study.tuned_ahead and study.record.incumbent:
        start = study.conditions[study.record.incumbent]
        also = "" if lean is None else f" {_lean_reading(study, voice, lean)}"
        return voice.must(
            "plain reading",
            "No alternative gives a reason for a change. What the search of @sec:ablations found is another matter: with "
            f"{kept_change(study)} in addition, the tuned setting {study.cmp('tuned', start.id)} {study.plain(start)} without this change "
            f"({study.pair('diff', 'tuned', start.id, 'signed3')} {study.metric.unit}){beside_the_question(study)}.{also}",
        )
    if lean is not None:
        return _lean_reading(study, voice, lean)
    if clear:
        return voice.say(
            "plain reading",
            f"In the plainest terms, there is no ground here to move away from {study.name(study.baseline)}.",
            f"Whoever starts from {study.name(study.baseline)} should stay there, as far as {'data of this kind are' if study.tables else 'training of this length is'} concerned.",
        )
    if study.compared:
        return voice.say(
            "plain reading",
            f"Whoever has to choose now may let convenience decide between {study.name(study.baseline)} and the alternatives, since these runs give no reason to prefer any.",
        )
    return ""


def _lean_reading(study: Study, voice: Voice, lean: Contrast) -> str:
    """What an ablation that leads the plan means for a choice: a lead that the next study should register."""
    options = (
        f"No alternative calls for a change, while {study.name(lean)}, planned as an ablation, ends ahead of {study.name(study.baseline)} on "
        f"every seed ({lean_means(study, lean)}); since that comparison was not registered, it should be before anybody relies on it.",
        f"If any planned condition deserves a second study it is an ablation, {study.name(lean)}: on every seed it ends ahead of "
        f"{study.name(study.baseline)} ({lean_means(study, lean)}), which no registered comparison had asked.",
    )
    return options[voice.order("plain reading lean", len(options))[0]]


def _literature(study: Study, voice: Voice) -> list[str]:
    """How the outcome stands to the works that introduced the levels, and to tensions that the synthesis found."""
    parts = []
    for trial in study.trials[:2]:
        keys = [f"@{work.key}" for _, level in study.levels(trial.treatment) for work in study.works_of_level(level)][:3]
        if trial.treatment.role == "combination":
            keys = []
        if not keys or trial.outcome == "uncompared":
            continue
        cites, label = f"[{'; '.join(dict.fromkeys(keys))}]", study.name(trial.treatment)
        if trial.clear and trial.result is not None and trial.result.verdict == "better":
            parts.append(
                voice.say(
                    f"literature {label}",
                    f"To what earlier works say of {label} {cites} our runs add a case {'on data of their own' if study.tables else 'at the small end'}, and no more than that.",
                    f"Beside the earlier works on {label} {cites} the result is a case from {'one kind of data' if study.tables else 'the first part of training'}.",
                )
            )
        elif trial.clear:
            parts.append(
                voice.say(
                    f"literature {label}",
                    f"This is no refutation of the earlier works on {label} {cites}, whose settings were others.",
                    f"That {study.training(trial.treatment)} falls behind {study.here if study.tables else 'in runs this short'} does not contradict the earlier works on {label} {cites}, which ask about other settings.",
                )
            )
        else:
            parts.append(
                voice.say(
                    f"literature {label}",
                    f"Reports on {label} {cites} come from other settings, and our interval neither backs nor disputes them.",
                    f"What is written on {label} {cites} stands as it did: these runs may be too {'few' if study.tables else 'short'} or too noisy to show it.",
                )
            )
    for item in study.record.synthesis.agreements:
        text = cited(item.text, study.record.citable)
        keys = [f"@{work.key}" for work in study.works(item.keys)][:4]
        if (
            item.kind == "tension"
            and not study.by_rules
            and text
            and keys
            and printable(text, study.names)
            and study.names_conditions_only(text)
        ):
            parts.append(voice.say(f"tension {text}", f"{text.rstrip('.')} [{'; '.join(keys)}]."))
    return [part for part in parts if part]


def _cost(study: Study, voice: Voice, outline: Outline) -> str:
    spec = shown(outline, "cost_quality")
    ratios = {contrast.id: study.results.conditions[contrast.id].cost_ratio for contrast in study.measured}
    dear = max(study.measured, key=lambda contrast: ratios[contrast.id])
    if spec is None or ratios[dear.id] <= 1.05:
        return ""
    ratio = study.of(dear.id, "cost_ratio", "f2")
    text = (
        voice.say(
            "cost",
            f"The methods were not held to equal time: a fit takes {ratio} times that of the reference with {study.name(dear)}, and @fig:{spec.id} sets the score against this price.",
        )
        if study.tables
        else voice.say(
            "cost",
            f"The comparison is made at an equal budget of time, not at equal steps: a step costs {study.of(dear.id, 'cost_ratio', 'f2')} times the reference with {study.name(dear)}, and @fig:{spec.id} sets the score against this price.",
            f"Since an equal budget of time and not equal steps is the rule here, {study.name(dear)} pays for steps at {study.of(dear.id, 'cost_ratio', 'f2')} times the reference price; @fig:{spec.id} shows score and price together.",
        )
    )
    return f"{text}\n\n{figure(spec)}"


def _remarks(study: Study, voice: Voice) -> list[str]:
    """What the analysts saw and the text has not said; each analyst speaks at most once."""
    parts: list[str] = []
    heard: set[str] = set()
    for remark in study.record.remarks:
        text = cited(remark.text.replace("the baseline", study.name(study.baseline)), study.record.citable)
        if (
            remark.analyst in heard
            or not text
            or not printable(text, study.names)
            or not voice.fresh(text)
            or _ids(study, remark)
            or _told(text)
        ):
            continue
        said = paragraph(*(voice.say(f"remark {remark.analyst} {line}", capital(line)) for line in sentences(ended(text))))
        if said:
            heard.add(remark.analyst)
            parts.append(said)
    return parts


def _told(text: str) -> bool:
    """Whether the remark repeats what is given already: a difference with its interval, steps, the course of curves, the search."""
    interval = "{{ci_low(" in text and ("{{diff(" in text or "{{ci_high(" in text)
    return (
        interval
        or "nearly as many" in text
        or "The mean curves of" in text
        or "tuned setting" in text
        or "The search's winner" in text
    )


def _ids(study: Study, remark: AnalystRemark) -> bool:
    """Whether the bare text names a condition by its id instead of its label."""
    bare = re.sub(r"\{\{[^}]*\}\}", " ", remark.text)
    return any("_" in name and name in bare for name in study.conditions)


# ---------------------------------------------------------------- limitations
