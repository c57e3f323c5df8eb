"""Discussion and limitations: what follows for practice, what stands against it, and what could mislead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from statistics import median, stdev

from researchclaw.adapters.offline.writing import asked, tables
from researchclaw.adapters.offline.writing.changes import changes_in_words
from researchclaw.adapters.offline.writing.figure_text import figure, shown
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
from stages.contracts import AnalystRemark, Contrast, Factor, Outline

_ALIKE = re.compile(
    r"\b(told apart|separated|no difference|hardly|agree|does not matter|harmless|no harm|costs? nothing|changes? nothing|suffices?|"
    r"keeps? (?:up|pace))\b",
    re.IGNORECASE,
)
_UNRESOLVED = re.compile(r"\b(told apart|separated|within noise)\b", re.IGNORECASE)
"""Of the outcomes without a difference, those that an open verdict makes true; the others assert that there is none."""
_AHEAD = re.compile(r"\b(wins?|ahead|helps?|large gain)\b", re.IGNORECASE)
_BEHIND = re.compile(r"\b(harm|behind)\b", re.IGNORECASE)
_OUTCOME_WORDS = re.compile(
    r"\b(if|is|are|comes?|out|falls?|does|do|gives?|by|a|an|the|all|at|in|within|even|despite|clear\w*|margin|noise|equal size|"
    r"short runs?|this depth|fewer steps|large gain|no harm|harm|ahead|behind|wins?|helps?|steadily|costs? nothing|changes? nothing|"
    r"suffices?|keeps? (?:up|pace)|harmless)\b",
    re.IGNORECASE,
)


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
        text = _fitting(study, factor)
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


def _fitting(study: Study, factor: Factor) -> str:
    """The practice sentence whose condition came true, empty where none did."""
    trials = [trial for trial in study.trials if factor.name in trial.treatment.levels and trial.treatment.role == "treatment"]
    trials = [trial for trial in trials if trial.outcome != "uncompared"]
    for sentence in factor.practice if trials else ():
        text = cited(sentence, study.record.citable)
        if text and printable(text, study.names) and _came_true(text.split(",")[0], study, factor, trials):
            return text
    return ""


def _came_true(condition: str, study: Study, factor: Factor, trials: list[Trial]) -> bool:
    """Whether an 'If …' condition is the outcome. Strict: one whose words name no measured level is true of none.

    Ahead asks for the leading mean and a clear verdict, behind for a clear loss, alike for sameness that was predicted and held.
    """
    verdicts = {trial.treatment.levels[factor.name]: trial.result.verdict for trial in trials if trial.result is not None}
    base = next(level.name for level in factor.levels if level.is_baseline)
    leading = study.leader.levels.get(factor.name, base)
    named, whole = _named(condition, factor)
    if re.search(r"\bfewer steps\b", condition) and not _makes_fewer_steps(study, trials, factor, leading):
        return False
    absent = next((level.name for level in factor.levels if level.label.startswith("no ") and not level.is_baseline), None)
    if whole and absent is not None and not _ALIKE.search(condition):  # 'if clipping does harm' is told by the runs without it
        wanted = "worse" if _AHEAD.search(condition) else "better"
        return verdicts.get(absent) == wanted
    if _ALIKE.search(condition):
        if _UNRESOLVED.search(condition):
            return not set(verdicts.values()) & {"better", "worse"}
        concerned = [trial for trial in trials if whole or trial.treatment.levels[factor.name] in named]
        return bool(concerned) and all(_shown_alike(trial) for trial in concerned)
    if _AHEAD.search(condition):
        small = any(trial.size_against_prediction == "smaller" for trial in trials if trial.treatment.levels[factor.name] == leading)
        return _is_ahead(named, whole, base, leading, verdicts) and not ("large" in condition and small)
    return _BEHIND.search(condition) is not None and _is_behind(named, whole, base, verdicts)


def _makes_fewer_steps(study: Study, trials: list[Trial], factor: Factor, leading: str) -> bool:
    steps = study.results.conditions[study.baseline.id].steps
    return any(
        study.results.conditions[trial.treatment.id].steps < steps
        for trial in trials
        if trial.treatment.levels[factor.name] == leading and study.has_value(trial.treatment.id)
    )


def _is_ahead(named: frozenset[str], whole: bool, base: str, leading: str, verdicts: Mapping[str, str]) -> bool:
    """The leading level is one of those named, or any change of the factor, and its lead is clear."""
    if base in named:
        outside = [verdict for level, verdict in verdicts.items() if level not in named]
        return leading in named and bool(outside) and all(verdict == "worse" for verdict in outside)
    return (whole or leading in named) and verdicts.get(leading) == "better"


def _is_behind(named: frozenset[str], whole: bool, base: str, verdicts: Mapping[str, str]) -> bool:
    """The levels named, or every clear change of the factor, lose clearly; the baseline does where every other level leads clearly."""
    if whole:
        return "worse" in verdicts.values() and "better" not in verdicts.values()
    if base in named:  # behind only one of several is not behind
        return bool(verdicts) and all(verdict == "better" for verdict in verdicts.values())
    measured = [verdicts[level] for level in named if level in verdicts]
    return bool(measured) and all(verdict == "worse" for verdict in measured)


def _shown_alike(trial: Trial) -> bool:
    """Sameness had been predicted within a margin and held; failing to tell apart does not show it."""
    return trial.hypothesis.predicts == "same" and trial.outcome == "held"


def _named(condition: str, factor: Factor) -> tuple[frozenset[str], bool]:
    """(levels that the condition's words single out, whether it speaks of the factor as a whole)."""
    said = _stems(_OUTCOME_WORDS.sub(" ", condition))
    of_factor = _stems(" ".join((factor.label, factor.name.replace("_", " "))))
    words = said - of_factor
    if not words:
        return frozenset(), bool(said)
    # A word of the label weighs more: 'constant' is also said of a schedule that only begins so.
    fits = {
        level.name: len(words & (_stems(" ".join((level.label, *level.words))) - of_factor))
        + len(words & (_stems(level.label) - of_factor))
        for level in factor.levels
    }
    top = max(fits.values())
    return frozenset(name for name, fit in fits.items() if fit == top > 0), False


def _stems(text: str) -> set[str]:
    """Words of content, crudely without endings."""
    return {
        re.sub(r"(er|est|s|ing|ed)$", "", word) for word in re.findall(r"[a-z]+", text.lower()) if len(word) > 3 and word not in _EMPTY
    }


_EMPTY = frozenset(
    {"start", "starts", "with", "from", "that", "this", "than", "then", "when", "model", "models", "rate", "rates", "training"}
)


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
            if text and printable(text, study.names) and voice.fresh(text) and _applies(study, text)
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
    parts.append(_one_level(study, voice))
    parts.append(_untuned_gain(study, voice))
    if study.moved:
        parts.append(_moved_along(study, voice))
    else:
        program = "program that fits" if study.tables else "training script"
        parts.append(
            voice.say(
                "limits untuned",
                f"All other settings were left at the defaults of the {program}, and {study.alternatives} might have asked for others.",
                f"Beside {study.about}, {study.name(study.baseline)} and what is set against it share the defaults of the {program}; these "
                "were not searched for any planned condition, and some may be served by them less than others.",
            )
        )
    return [part for part in parts if part]


_OF_STEPS = re.compile(r"\b(?:gains?|costs?|fewer|more|number of) (?:steps|updates)\b", re.IGNORECASE)
_OF_A_SETTING = (
    (re.compile(r"\bslopes? to each head\b"), "position", "alibi"),
    (re.compile(r"\bunder normalisation, so variants without it\b"), "norm", "none"),
)
"""A caution's words -> the setting and the value without which no run gives it an object."""


def _applies(study: Study, text: str) -> bool:
    """Whether a caution on method has an object in this study: steps that differ, or a setting that some run has."""
    made = {study.results.conditions[contrast.id].steps for contrast in study.measured}
    if _OF_STEPS.search(text) and len(made) == 1 and not study.tables:
        return False
    config = study.results.config
    for words, name, value in _OF_A_SETTING:
        used = {config.get(name), *(config.get(f"{contrast.id}_{name}") for contrast in study.measured)}
        if words.search(text) and value not in used:
            return False
    return True


def _one_level(study: Study, voice: Voice) -> str:
    """That the answer on a factor is one on the only alternative that was tried."""
    tried = {
        factor.named: sorted({level.label for contrast in study.treatments for of, level in study.levels(contrast) if of == factor})
        for factor in study.factors
    }
    lone = {label: levels[0] for label, levels in tried.items() if len(levels) == 1}
    if not lone or len(lone) < len(tried):
        return ""
    names = listing([f"{level} for {label}" for label, level in lone.items()])
    each = "each factor" if len(lone) > 1 else "the factor"
    return voice.must(
        "limits level",
        f"Of {each} only one alternative was tried, {names}; another might have turned the answer.",
        f"The answer rests on a single alternative for {each}, {names}, and does not extend to others.",
    )


COMPARABLE = 0.5
"""Share of the main difference from which on the gain of one setting outside the study is set beside it (a guess)."""


def _untuned_gain(study: Study, voice: Voice) -> str:
    """A change of a shared setting that the short search saw move the score about as much as the main comparison does."""
    trial, incumbent = study.primary, study.record.incumbent
    if trial.result is None or not trial.clear or incumbent is None:
        return ""
    studied = {name for factor in study.factors for level in factor.levels for name in level.settings}
    rates = [
        attempt
        for attempt in study.record.attempts
        if len(attempt.settings) == 1 and not studied & attempt.settings.keys() and set(attempt.settings) <= _TUNED_ANYWAY
    ]
    large = [one for one in rates if one.gain is not None and one.gain >= COMPARABLE * trial.result.abs_mean_diff]
    if not large:
        return ""
    best = max(large, key=lambda one: one.gain or 0.0)
    gain, size = study.cfg(f"attempt_{best.number}_gain", "f3"), study.pair("absdiff", trial.treatment.id, trial.reference.id, "f3")
    words, start = listing(changes_in_words([best])), study.name(study.conditions[incumbent])
    if gain is None:
        return ""
    return voice.must(
        "limits untuned gain",
        f"In the short search, {words} alone moved the score of {start} by {gain} {study.metric.unit} on one seed, beside which the {size} "
        f"{study.metric.unit} between {study.name(trial.treatment)} and {study.name(trial.reference)} have to be seen: how much of them would "
        "remain if each side had its own tuned settings was not measured.",
    )


_TUNED_ANYWAY = frozenset({"LEARNING_RATE", "BATCH_SIZE", "WARMUP", "BETA2", "FINAL_LR", "WEIGHT_DECAY", "GRAD_CLIP", "INIT_STD"})
"""Constants that a study of anything else would tune for each of its conditions."""


def _moved_along(study: Study, voice: Voice) -> str:
    """Which settings changed together with a level, their values on both sides, and what that leaves open."""
    alone = [contrast for contrast in study.moved if contrast.role == "treatment"] or list(study.moved)
    ran = "; ".join(
        f"{study.label(contrast)} ran with {study.moved_values(contrast)}, the reference with {study.moved_from(contrast)}"
        for contrast in alone
    )
    owed = listing([factor.named for factor in study.factors if any(factor.name in contrast.levels for contrast in alone)])
    return paragraph(
        voice.must("limits moved", f"Above all, settings moved along: {ran}."),
        voice.must(
            "limits moved owed",
            "Neither side was run with the values of the other, so part of such a difference may be owed to these settings and not "
            f"to {owed}; the values were chosen by judgement and not by search.",
            "Since neither side was given the values of the other, an unknown part of the difference may come from these settings "
            f"instead of {owed}; they were set by judgement and not by search.",
        ),
    )


def _scale(study: Study, voice: Voice) -> list[str]:
    if study.tables:
        return tables.scope(study, voice)
    parameters, steps = study.scale, _span_of_steps(study)
    name = study.data("name", "text")
    return [
        voice.say(
            "limits scale",
            f"The scale is small in every respect: {parameters}, {steps} steps, about {{{{cfg.budget_s|int}}}} seconds; what {study.training(study.primary.treatment)} does in larger models, trained for days, is a different question.",
            f"With {parameters} and {steps} steps the runs cover the opening of training only, and what {study.training(study.primary.treatment)} does later, or in larger models, is out of sight.",
            f"The results were obtained with {parameters} and about {{{{cfg.budget_s|int}}}} seconds; the rank of {study.name(study.primary.treatment)} may change with size and with training time.",
        ),
        voice.say(
            "limits corpus",
            f"Only one kind of text was used, {name}, whose regular form may suit or mask {study.name(study.primary.treatment)} as other text would not."
            if name
            else "",
            f"The corpus, {name}, is program text; prose, other languages and other sources may rank {study.name(study.baseline)} and the alternatives differently."
            if name
            else "",
        ),
    ]


def _span_of_steps(study: Study) -> str:
    """Steps of the reported conditions: one number, or the span where they differ."""
    reported = [contrast.id for contrast in study.measured] + (["tuned"] if study.searched else [])
    made = {name: study.results.conditions[name].steps for name in reported}
    least, most = min(made, key=lambda name: made[name]), max(made, key=lambda name: made[name])
    if made[least] == made[most]:
        return study.of(study.baseline.id, "steps")
    return f"{study.of(least, 'steps')} to {study.of(most, 'steps')}"


def _few_seeds(study: Study, voice: Voice) -> str:
    if study.seeds < 3:
        return voice.say(
            "limits seeds",
            f"With {study.seed_count} for each condition nothing can be said about how far the scores would scatter, let alone about which condition is preferable.",
        )
    return voice.say(
        "limits seeds",
        f"Few seeds were run, {{{{cfg.seeds|words}}}} for each condition: the spread on which every interval rests{_for_one(study)} is itself poorly known, "
        "and that differences between seeds are roughly normal, as the intervals assume, cannot be checked.",
        f"The intervals{_for_one(study)} assume that differences between seeds are roughly normal, which {{{{cfg.seeds|words}}}} values for each condition cannot check.",
    )


STANDS_APART = 2.5
"""How many times the standard deviation of the other seeds' scores that of all may be before a lone run is named (a guess; with
five normal values it happens in about one case of ten, by the critical values of Grubbs' test)."""


def _lone_run(study: Study, voice: Voice) -> str:
    """The run that makes most of a condition's spread, and with it most of the width of its intervals; empty where none does."""
    for contrast in (study.baseline, *study.treatments):
        if not study.has_value(contrast.id):
            continue
        scores = study.results.conditions[contrast.id].metrics[study.m].seeds
        if len(scores) < 4:
            continue
        middle = median(scores.values())
        seed = max(scores, key=lambda name: abs(scores[name] - middle))
        others = {name: score for name, score in scores.items() if name != seed}
        if stdev(scores.values()) < STANDS_APART * stdev(others.values()):
            continue
        low, high = min(others, key=lambda name: others[name]), max(others, key=lambda name: others[name])
        score, least, most = (study.value(contrast.id, f"seed.{name}", "f3") for name in (seed, low, high))
        return voice.must(
            "limits lone run",
            f"For {study.name(contrast)} a lone run, with a score of {score}, makes most of the spread, for its others lie between {least} "
            f"and {most} {study.metric.unit}.",
        )
    return ""


def _for_one(study: Study) -> str:
    """', that of linear decay from -0.2 to -0.1 included,': the widest interval of the tested hypotheses, where there is one."""
    bounded = [
        (trial.result.ci95_high - trial.result.ci95_low, trial)
        for trial in study.trials
        if trial.result is not None and trial.result.ci95_low is not None and trial.result.ci95_high is not None
    ]
    if not bounded:
        return ""
    _, widest = max(bounded, key=lambda pair: pair[0])
    a, b = widest.treatment, widest.reference
    low, high = study.pair("ci_low", a.id, b.id, "signed3"), study.pair("ci_high", a.id, b.id, "signed3")
    return f", that of {study.name(a)} from {low} to {high} included,"


def _evidence(study: Study, voice: Voice) -> list[str]:
    open_trials = study.counted("open")
    shown_lit = study.lit("included")
    parts = [
        _few_seeds(study, voice),
        _lone_run(study, voice),
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
        labels = listing(list(dict.fromkeys(study.name(study.conditions[run.condition]) for run in study.record.failed)))
        parts.append(
            voice.say(
                "limits failed",
                f"Runs that failed, those with {labels}, leave gaps that are unlikely to be random, since a setting that breaks {'a fit' if study.tables else 'training'} breaks it for a reason.",
            )
        )
    if shown_lit:
        parts.append(
            voice.say(
                "limits literature",
                f"What is said of earlier work on {study.about} rests on {shown_lit} works from an embedded catalogue, read by their records and short summaries; relevant work will be missing.",
                f"Finally, works on {study.about} were sought in an embedded catalogue alone; the {shown_lit} that were kept were not read in full, and the newest may be absent.",
            )
        )
    parts.append(
        voice.say(
            "limits rules",
            f"A program chose {study.alternatives} by rule; a researcher with taste and experience might have asked a sharper question.",
            f"Rules, and not insight, decided which settings of {study.about} to compare and which to leave out.",
        )
    )
    return [part for part in parts if part]
