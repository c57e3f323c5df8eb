"""Method and experimental set-up: what was varied and why, what was predicted, how it was measured."""

from __future__ import annotations

import re
from collections.abc import Sequence

from researchclaw.adapters.offline.writing import tables
from researchclaw.adapters.offline.writing.language import (
    Voice,
    a_or_an,
    capital,
    cited,
    ended,
    has_citation,
    listing,
    lowered,
    paragraph,
    printable,
    sentences,
)
from researchclaw.adapters.offline.writing.reading import Study, Trial
from researchclaw.adapters.offline.writing.results import figure, shown
from stages.contracts import Contrast, Factor, FigureSpec, Level, Outline, Statement


def method(study: Study, voice: Voice, outline: Outline) -> list[str]:
    blocks = ["### What is varied {#sec:factor}"]
    for factor in study.factors:
        blocks.append(_factor(study, voice, factor))
    blocks.append(_combination(study, voice))
    spec = shown(outline, "method_diagram")
    blocks.append(_conditions_table(study, voice, _diagram(study, voice, spec)))
    blocks.append(figure(spec) if spec is not None else "")
    blocks.append("### Hypotheses {#sec:hypotheses}")
    blocks.append(_hypotheses_opening(study, voice))
    blocks.extend(_hypothesis(study, voice, trial, place) for place, trial in enumerate(study.trials))
    blocks.append(_refused(study, voice))
    blocks.append("### How a difference is judged {#sec:judging}")
    blocks.extend(_judging(study, voice))
    return [block for block in blocks if block]


def _diagram(study: Study, voice: Voice, spec: FigureSpec | None) -> str:
    """What leads to the study as boxes and arrows, where the outline has it."""
    if spec is None:
        return ""
    data = "rows" if study.tables else "corpus"
    return voice.say(
        "method diagram",
        f"@fig:{spec.id} draws the way from the {data} to the comparisons.",
        f"The way of every run, from the {data} to its comparison, is drawn in @fig:{spec.id}.",
    )


# ---------------------------------------------------------------- what is varied


def _factor(study: Study, voice: Voice, factor: Factor) -> str:
    baseline = next(level for level in factor.levels if level.is_baseline)
    return paragraph(
        voice.turn(
            "baseline level",
            f"The reference level of {factor.named} is {baseline.label}.",
            f"Where {factor.named} is concerned, the reference is {baseline.label}.",
        ),
        _level(study, voice, baseline),
        *(_level(study, voice, level) for level in _levels_of(study, factor)),
        _at_large(study, voice, factor),
    )


def _levels_of(study: Study, factor: Factor) -> list[Level]:
    found: dict[str, Level] = {}
    for contrast in study.treatments:
        for owner, level in study.levels(contrast):
            if owner.name == factor.name:
                found.setdefault(level.name, level)
    return list(found.values())


def _level(study: Study, voice: Voice, level: Level) -> str:
    """What the level does, with the works it comes from; named first where its mechanism does not name it."""
    mechanism, cites = level.mechanism.rstrip("."), _cites(study, level)
    known = {word[:5] for word in re.findall(r"[a-z]+", mechanism.lower())}
    names = [word for word in re.findall(r"[a-z]+", level.label.lower()) if len(word) > 2]
    named = sum(word[:5] in known for word in names) * 2 > len(names) if names else True
    if level.label.lower().startswith(("no ", "without ")):
        named = named or mechanism.lower().startswith("without")
    text = mechanism if named else f"With {level.label}, {lowered(mechanism)}"
    return voice.say(f"mechanism {level.name}", f"{text}{cites}.") or voice.say(
        f"mechanism {level.name}", f"With {level.label}, {lowered(mechanism)}{cites}."
    )


def _cites(study: Study, level: Level) -> str:
    keys = [f"@{work.key}" for work in study.works_of_level(level)]
    return f" [{'; '.join(keys)}]" if keys else ""


def _at_large(study: Study, voice: Voice, factor: Factor) -> str:
    keys = [f"@{work.key}" for work in study.works_at_large(factor)]
    if not keys:
        return ""
    return voice.turn(
        "at large",
        f"On {factor.named} in general see [{'; '.join(keys)}].",
        f"Works on {factor.named} at large include [{'; '.join(keys)}].",
    )


def _combination(study: Study, voice: Voice) -> str:
    combinations = [contrast for contrast in study.treatments if contrast.role == "combination"]
    if not combinations:
        return ""
    parts = []
    for contrast in combinations:
        labels = listing([level.label for _, level in study.levels(contrast)]) or contrast.label
        parts.append(_each_alone(study, voice, contrast))
        parts.append(
            voice.say(
                f"combination {contrast.id}",
                f"The condition {contrast.label} sets {labels} at the same time, which shows whether their effects add up.",
                f"To see whether the effects of {labels} add up, a further condition makes both changes at once.",
            )
        )
    return paragraph(*parts)


def _each_alone(study: Study, voice: Voice, combination: Contrast) -> str:
    """What each single change ran with: the reference level of the other factor."""
    kept = {factor.name: level.label for factor, level in study.baseline_levels}
    levels = study.levels(combination)
    if len(levels) != 2 or set(kept) != {factor.name for factor, _ in levels}:
        return ""
    (first, one), (second, other) = levels
    return voice.must(
        f"alone {combination.id}",
        f"On its own, {one.label} ran with {kept[second.name]}, and {other.label} ran with {kept[first.name]}.",
        f"Alone means with the other factor at its reference: {one.label} with {kept[second.name]}, {other.label} with {kept[first.name]}.",
    )


def _conditions_table(study: Study, voice: Voice, also: str) -> str:
    """also: a sentence that belongs to the same paragraph."""
    rows = ["| Condition | Role | What it changes |", "|---|---|---|"]
    for contrast in study.record.plan.conditions:
        rows.append(f"| {capital(study.row(contrast))} | {contrast.role} | {_change(study, contrast)} |")
    program = "program" if study.tables else "training script"
    given = any(_value(study, contrast, name) for contrast in study.record.plan.conditions for name in contrast.settings)
    caption = f"Conditions of the experiment and what each changes in the {program}"
    caption += f"; in brackets the value {study.of_the_baseline}." if given else "."
    lead = voice.must(
        "conditions table",
        f"@tbl:conditions lists all conditions; each is a patch of the same {program}, and its last column holds all that it changes.",
        f"All conditions are patches of a single {program} and change nothing but what @tbl:conditions says.",
    )
    return f"{paragraph(lead, also)}\n\n" + "\n".join(rows) + f"\n\n: {caption} {{#tbl:conditions}}"


def _change(study: Study, contrast: Contrast) -> str:
    """Everything that a condition changes: levels by name, numbers with the value of the reference in brackets."""
    if contrast.role == "baseline":
        return "nothing"
    if contrast.role == "ablation":
        origin = study.conditions.get(contrast.ablates or "")
        removed = [name for name in contrast.settings if origin is None or contrast.settings[name] != origin.settings.get(name)]
        values = [value for value in (_value(study, contrast, name) for name in removed) if value]
        out = f"{contrast.removes} taken out{f' of {origin.label}' if origin else ''}"
        return f"{out}: {listing(values)}" if values else out
    levels = study.levels(contrast)
    if not levels:
        return listing([_value(study, contrast, name) or study.noun(name) for name in contrast.settings])
    named: list[str] = []
    told: set[str] = set()
    for factor, level in levels:
        own = [name for name in level.settings if name in contrast.settings][:1]
        told.update(own)
        numbers = [value for value in (_value(study, contrast, name) for name in own) if value]
        named.append(listing(numbers) or (f"{factor.label}: {level.label}" if study.settings_known else factor.label))
    along = [_value(study, contrast, name) or study.noun(name) for name in contrast.settings if name not in told]
    return "; ".join((*named, *along))


def _value(study: Study, contrast: Contrast, name: str) -> str:
    """'peak learning rate 0.02 (0.002)', both by key; empty for what is no number on record."""
    new, old = study.number(f"{contrast.id}_{name.lower()}"), study.number(name.lower())
    return f"{study.noun(name)} {new} ({old})" if new and old else ""


# ---------------------------------------------------------------- hypotheses


def _hypotheses_opening(study: Study, voice: Voice) -> str:
    several = len(study.trials) > 1
    sizes = study.cfg(f"predicted_{study.primary.hypothesis.id}", "f3") is not None
    directed = any(trial.hypothesis.predicts != "same" for trial in study.trials)
    even = any(trial.hypothesis.predicts == "same" for trial in study.trials)
    return paragraph(
        voice.say(
            "hypotheses",
            f"{'The hypotheses were' if several else 'The hypothesis was'} set by rule: the arguments for and against a change, and the cautions on method, are "
            "those of a fixed table, and nobody discussed them.",
            f"{'Each hypothesis' if several else 'The hypothesis'} comes from a fixed table that holds, for every setting, an argument for it, one against it and a "
            "guess of what it does; no discussion took place.",
        )
        if study.by_rules
        else voice.say(
            "hypotheses",
            f"{'Each hypothesis' if several else 'The hypothesis'} was argued for by a proponent, against by a skeptic and checked by a methodologist "
            "before a chair settled its wording.",
            f"{'The hypotheses' if several else 'The hypothesis'} came out of a debate on record between a proponent, a skeptic and a methodologist, "
            "closed by the ruling of a chair.",
        ),
        voice.say(
            "hypotheses sizes",
            "The sizes given are guesses made before any run, kept so that they can be held against the data.",
            "All sizes are guesses from before the first run.",
        )
        if sizes
        else "",
        voice.say(
            "refuted directed",
            "A predicted gain or loss is refuted when the whole interval of the paired difference lies on the other side of no difference.",
            "What would refute a gain or a loss was fixed with it: an interval that lies wholly on the other side of no difference.",
        )
        if directed
        else "",
        voice.must(
            "refuted even",
            "A prediction of sameness is supported when the whole interval lies within the margin registered on either side of no "
            "difference, refuted when it lies wholly beyond that margin, and undecided otherwise.",
            "Sameness counts as supported by an interval that lies wholly within the registered margin and as refuted by an interval "
            "wholly beyond it; any other interval leaves it undecided.",
        )
        if even
        else "",
    )


def _hypothesis(study: Study, voice: Voice, trial: Trial, place: int) -> str:
    debate = trial.hypothesis.debate
    return paragraph(
        _prediction(study, voice, trial, place),
        _rationale(study, voice, trial),
        _turn(study, voice, trial, [turn for turn in debate if turn.role == "proponent"], "for"),
        _turn(study, voice, trial, [turn for turn in debate if turn.role == "skeptic"], "against"),
        _turn(study, voice, trial, [turn for turn in debate if turn.role == "methodologist"], "method"),
        voice.say(f"parts {trial.hypothesis.id}", f"The arguments for and against {trial.treatment.label} are those on its parts.")
        if trial.treatment.role == "combination"
        else "",
    )


def _prediction(study: Study, voice: Voice, trial: Trial, place: int) -> str:
    hypothesis = trial.hypothesis
    size = study.cfg(f"predicted_{hypothesis.id}", "f3")
    a, b = study.training(trial.treatment), study.training(trial.reference)
    about = f", by about {size} {study.metric.unit}" if size and hypothesis.predicted_size > 0 else ""
    name = "main hypothesis" if place == 0 else f"hypothesis on {study.name(trial.treatment)}"
    if hypothesis.predicts == "same":
        if hypothesis.predicted_size == 0:
            return voice.must(
                "hypothesis of no difference",
                f"Between {a} and {b} no difference is predicted at all, a statement that data can refute but never prove.",
                f"The {name} is that {a} and {b} end alike; no margin was granted, so it can be refuted and not confirmed.",
            )
        margin = f"by no more than {size} {study.metric.unit}" if size else "by less than a margin fixed in advance"
        return voice.must(
            "hypothesis of sameness",
            f"The {name} is that {'it' if place else a} and {b} differ {margin}, which would be too little to matter.",
            f"For {study.name(trial.treatment)} we predict a score that {b} would reach as well: the means should differ {margin}.",
            f"About {study.name(trial.treatment)} the expectation is that nothing of note happens, the distance to {study.name(trial.reference)} staying within the "
            "margin fixed in advance."
            if not size
            else f"About {study.name(trial.treatment)} the expectation is that nothing of note happens; {size} {study.metric.unit} is the most by which it may "
            f"part from {study.name(trial.reference)}.",
        )
    side = "below" if (hypothesis.predicts == "better") == study.metric.lower_is_better else "above"
    label, unit = study.name(trial.treatment), study.metric.label
    if place == 0:
        return voice.say(
            f"hypothesis {hypothesis.id}",
            f"The main hypothesis is that {a} ends {side} {b} in {unit}{about}.",
            f"Above all we predict that the {unit} reached by {a} will lie {side} what {b} reaches{about}.",
        )
    return voice.must(
        "hypothesis",
        f"For {label} our guess is that its runs end {side} those with {study.label(trial.reference)}{about}."
        if study.baseline_label != "the baseline"
        else f"For {label} our guess is that its runs end {side} those of the baseline{about}.",
        f"A {'gain' if hypothesis.predicts == 'better' else 'loss'} is foreseen for {label} against {study.name(trial.reference)}{about}.",
        f"For {label} the prediction is {a_or_an(hypothesis.predicts)} score than {study.name(trial.reference)} would give{about}.",
        f"We expect {a} to do {hypothesis.predicts} than {b}{about}.",
        f"The score of {a} is predicted to fall {side} that of {b}{about}.",
    )


def _rationale(study: Study, voice: Voice, trial: Trial) -> str:
    text = cited(trial.hypothesis.rationale, study.record.citable)
    if not text or not printable(text, study.names):
        return ""
    keys = [f"@{work.key}" for _, level in study.levels(trial.treatment) for work in study.works_of_level(level)][:3]
    if keys and not has_citation(text):
        text = f"{text.rstrip('.')} [{'; '.join(keys)}]"
    return voice.say(f"rationale {trial.hypothesis.id}", ended(text))


_TURN_FRAMES = {
    "for": (
        "The proponent argued that {text}.",
        "In its favour it was said that {text}.",
        "What speaks for it is that {text}.",
        "The case for it rests on the thought that {text}.",
    ),
    "against": (
        "The skeptic replied that {text}.",
        "Against this it was held that {text}.",
        "The objection is that {text}.",
        "The skeptic was not convinced: {text}.",
    ),
    "for a setting": (
        "For {label} it can be said that {text}.",
        "An argument for {label} is that {text}.",
        "What speaks for {label} is that {text}.",
    ),
    "against a setting": (
        "Against it stands that {text}.",
        "The table objects that {text}.",
        "What speaks against {label} is that {text}.",
    ),
    "method of a setting": (
        "On method the table notes that {text}.",
        "A caution on method is that {text}.",
    ),
    "for the change": (
        "What could yet speak for {label} is that {text}.",
        "In favour of {label}, against the prediction, it can be said that {text}.",
        "Had {label} a case, it would be that {text}.",
    ),
    "against the change": (
        "The prediction rests on the thought that {text}.",
        "A loss is foreseen with {label} because {text}.",
        "Against {label} it was held that {text}.",
    ),
    "method": (
        "On method it was noted that {text}.",
        "The methodologist pointed out that {text}.",
        "A caution concerned method: {text}.",
    ),
}


_OF_A_SETTING = {"for": "for a setting", "against": "against a setting", "method": "method of a setting"}
"""What a fixed table says of a setting was said by nobody."""


def _turn(study: Study, voice: Voice, trial: Trial, turns: list[Statement], side: str) -> str:
    """One role's words on a hypothesis; several sentences of it stand as they are after the first."""
    for turn in turns[:1]:
        text = cited(turn.text, study.record.citable)
        if not text or not printable(text, study.names):
            continue
        if not voice.fresh(text) or (side == "method" and _reserved(study, trial, turn)):
            continue
        if text.lower().startswith(f"the {turn.role}"):
            return voice.say(f"turn {trial.hypothesis.id} {side}", ended(text))
        first, *more = sentences(text)
        # Rules argue for and against the change; 'the case for it' would be one for the prediction, be it a loss or no difference.
        loss = trial.hypothesis.predicts == "worse" and side != "method"
        key = side if not study.by_rules else f"{side} the change" if loss else _OF_A_SETTING[side]
        said = voice.turn(
            f"turn {key}", *(frame.format(text=lowered(first), label=study.name(trial.treatment)) for frame in _TURN_FRAMES[key])
        )
        return paragraph(said, *(voice.say(f"turn {trial.hypothesis.id} {side} {sentence}", ended(sentence)) for sentence in more))
    return ""


def _reserved(study: Study, trial: Trial, turn: Statement) -> bool:
    """A confounder that is kept for the limitations; the first hypothesis may spend one where enough remain."""
    confounders = [text for factor in study.factors for text in factor.confounders]
    return turn.text in confounders and (trial.hypothesis.id != study.primary.hypothesis.id or len(confounders) < 3)


def _refused(study: Study, voice: Voice) -> str:
    refused = [hypothesis for hypothesis in study.record.hypotheses.rejected if hypothesis.treatment in study.conditions]
    if not refused:
        return ""
    labels = listing(list(dict.fromkeys(study.conditions[hypothesis.treatment].label for hypothesis in refused)))
    if study.by_rules:
        return voice.say(
            "refused",
            f"A prediction about {labels} stands in the same table and was not pursued, because the number of conditions is limited.",
            f"To keep the number of conditions within its limit, {labels} had to be left out.",
        )
    return voice.say(
        "refused",
        f"Considered and not pursued was a hypothesis about {labels}; the reasons of the chair are kept with the plan.",
        f"The chair turned down a hypothesis about {labels}, so it forms no part of what follows.",
    )


# ---------------------------------------------------------------- judging


_PAIRED_ROWS = (
    "All comparisons are paired by seed, since a seed gives both sides the same rows and the same split of them.",
    "Conditions are compared seed by seed, because the same seed gives them the same rows and lets shared luck cancel.",
)
_PAIRED_BATCHES = (
    "All comparisons are paired by seed, since a seed gives both sides the same batches in the same order.",
    "Conditions are compared seed by seed, because the same seed gives them the same data order and lets shared luck cancel.",
    "A seed fixes the order of the data and the draw of the weights, so conditions are compared within seeds and not across them.",
)


def _judging(study: Study, voice: Voice) -> list[str]:
    a, b = study.primary.treatment, study.primary.reference
    lower = (
        "negative values favour the condition named first"
        if study.metric.lower_is_better
        else "positive values favour the condition named first"
    )
    blocks = [
        paragraph(
            voice.say(
                "judging pairs",
                *(_PAIRED_ROWS if study.tables else _PAIRED_BATCHES),
            ),
            f"For a seed $s$ the quantity of interest is the difference in {study.metric.label}, for instance of {a.label} and {study.name(b)}; {lower}:",
        ),
        "$$ d_s = m_{\\mathrm{first}}(s) - m_{\\mathrm{second}}(s) $$ {#eq:difference}",
    ]
    if study.seeds >= 3:
        blocks.append(
            paragraph(
                voice.say(
                    "judging interval",
                    f"From the differences of @eq:difference we form the mean $\\bar d$ and Student's interval $\\bar d \\pm t\\, s_d / \\sqrt{{n}}$ at the {study.confidence} level; "
                    "resampling methods cover too little with so few seeds.",
                    f"The mean $\\bar d$ of @eq:difference is reported with Student's interval $\\bar d \\pm t\\, s_d / \\sqrt{{n}}$ at the {study.confidence} level, "
                    "which keeps its coverage at a small number of seeds.",
                ),
                _holm(study, voice),
                voice.say(
                    "judging rule",
                    "A difference is called clear only if its interval excludes no difference and the adjusted test agrees; all else is reported as not told apart.",
                    "Only when the interval excludes no difference and the adjusted test agrees do we speak of one condition as ahead of another.",
                ),
                _power(study, voice),
            )
        )
    else:
        blocks.append(
            voice.say(
                "judging few",
                f"With {study.seed_count} for each condition no interval can be formed, so values are printed side by side and no comparison is claimed.",
            )
        )
    return blocks


def _holm(study: Study, voice: Voice) -> str:
    combined = any(contrast.role == "combination" for contrast in study.record.plan.conditions)
    if len(study.record.plan.comparisons) + combined < 2:
        return voice.say(
            "holm",
            "Since only this comparison was registered, its test needs no adjustment.",
        )
    cites = [f"@{key}" for key in ("holm1979simple",) if key in study.record.citable]
    cite = f" [{'; '.join(cites)}]" if cites else ""
    count = study.cfg("comparisons", "int") or "several"
    among = ", the interaction of both factors among them," if combined else ""
    return voice.say(
        "holm",
        f"The {count} registered comparisons{among} form a family whose paired t tests are adjusted by Holm's method{cite}.",
        f"Because {count} comparisons are registered{among.rstrip(',')}, the p values of the paired t tests are adjusted by Holm's procedure{cite}.",
    )


def _power(study: Study, voice: Voice) -> str:
    power = study.cfg("power_percent")
    if power is None or study.primary.result is None or study.primary.result.mde is None:
        return ""
    return voice.say(
        "power",
        f"Where a comparison stays open, we give the smallest true difference that its test, before adjustment, would find in {power} % of repetitions.",
        f"To show what could have been missed, we report the difference that the test would find with {power} % power before adjustment.",
    )


# ---------------------------------------------------------------- experimental set-up


def setup(study: Study, voice: Voice) -> list[str]:
    apparatus = tables.setup(study, voice) if study.tables else _training(study, voice)
    return [block for block in (*apparatus, "### Seeds and runs {#sec:runs}", paragraph(*_seeds(study, voice))) if block]


def _training(study: Study, voice: Voice) -> list[str]:
    """Corpus, network and budget of a study that trains language models."""
    return [
        "### Data and yardsticks {#sec:data}",
        paragraph(*_data(study, voice)),
        paragraph(*_yardsticks(study, voice)),
        "### Network and training {#sec:training}",
        paragraph(*_network(study, voice)),
        paragraph(*_budget(study, voice), _sizes_table(study, voice)),
    ]


def _data(study: Study, voice: Voice) -> list[str]:
    files, train, val = study.data("files"), study.data("train_bytes"), study.data("val_bytes")
    name = study.data("name", "text")
    parts = []
    if name and files and train and val:
        parts.append(
            voice.say(
                "data",
                f"The corpus is {name}: {files} files after duplicates are dropped, "
                f"split by file into {train} bytes for training and {val} bytes for validation.",
                f"We use {name}, {files} files without duplicates, of which {train} bytes serve for training and {val} bytes for validation.",
            )
        )
    parts.append(
        voice.say(
            "data split",
            "Since whole files go to either side, no neighbouring lines of a training file are scored.",
            "The split is by file, so no model is scored on the rest of a file that it was trained on.",
            "Files are never divided between the splits, so what is scored was not seen in part during training.",
        )
    )
    if study.data("test_bytes"):
        parts.append(_sealed(study, voice))
    scored = study.cfg("scored_bytes")
    if scored:
        parts.append(
            voice.say(
                "data scored",
                f"Each model is scored on {scored} bytes spread evenly over the validation files, because a contiguous stretch gives a noisier picture.",
                f"Scores rest on {scored} validation bytes taken at even distances and not on a contiguous stretch, which would be noisier.",
            )
            if study.record.plan.scored_bytes is not None
            else voice.say("data scored", f"Each condition is scored on all {scored} bytes of the validation files.")
        )
    parts.append(
        voice.say(
            "data metric",
            f"The outcome, {study.metric.label}, is the mean cross-entropy per byte in bits, computed outside the trained code; "
            f"{'lower values mean that' if study.metric.lower_is_better else 'higher values mean that'} the next byte is predicted with more certainty.",
            f"The outcome, {study.metric.label}, is computed from the predicted distributions by a separate program, never by the code that a condition changes.",
        )
    )
    return parts


def _sealed(study: Study, voice: Voice) -> str:
    """What became of the test split: nobody looked at it, or the end of the improvement loop did."""
    size = study.data("test_bytes")
    if study.cfg("sealed_looks") is None:
        return voice.say(
            "data test",
            f"A further {size} bytes are sealed for a later test and were not looked at.",
            f"Another {size} bytes remain sealed; nothing was decided on them.",
        )
    return voice.must(
        "data test",
        f"A further {size} bytes form a test split, which was scored only after the improvement loop had ended; nothing was decided on it.",
        f"Another {size} bytes, the test split, were scored at the end of the improvement loop alone, and no choice rests on them.",
    )


def _yardsticks(study: Study, voice: Voice) -> list[str]:
    named = [(label, study.ref(name)) for name, label in (("gzip", "gzip"), ("bz2", "bzip2"), ("xz", "xz")) if study.ref(name)]
    if not named:
        return []
    values = listing([f"{value} for {label}" for label, value in named])
    orders = [name for name in study.results.references if name.startswith("order_")]
    best = min(orders, key=lambda name: study.results.references[name], default=None)
    mean = study.results.conditions[study.baseline.id].metrics[study.m].mean
    passed = [
        label for (label, _), name in zip(named, ("gzip", "bz2", "xz"), strict=False) if mean < study.results.references.get(name, -1)
    ]
    parts = [
        voice.say(
            "yardsticks",
            f"To give the scores a scale, the same validation files were compressed: this takes {values}, again in {study.metric.unit}.",
            f"As a scale for the scores, general-purpose compressors were run on the same files; they need, in {study.metric.unit}, {values}.",
        ),
    ]
    if best:
        parts.append(
            voice.say(
                "yardsticks order",
                f"A smoothed table of byte counts, with the length of its history chosen in hindsight, reaches {study.ref(best)} {study.metric.unit}.",
                f"Counting byte strings, with their length chosen in hindsight, gives {study.ref(best)} {study.metric.unit}.",
            )
        )
    base = study.value(study.baseline.id, "mean", "f3")
    if passed:
        parts.append(
            f"Our reference condition ends at {base} {study.metric.unit} and so passes {listing(passed)} within its short training."
        )
    else:
        parts.append(
            f"Our reference condition, at {base} {study.metric.unit}, remains behind all of these compressors: the runs cover early learning only."
        )
    return parts


def _network(study: Study, voice: Voice) -> list[str]:
    depth, width, context, heads = (study.cfg(name, "text") for name in ("depth", "width", "context", "heads"))
    rate, batch, decay, dropout = (study.cfg(name, "text") for name in ("learning_rate", "batch_size", "weight_decay", "warmup"))
    parameters = study.of(study.baseline.id, "parameters")
    parts = []
    if depth and width and context:
        shape = f"{depth} blocks of width {width}" + (f" with {heads} heads" if heads else "")
        parts.append(
            voice.say(
                "network",
                f"The network is a decoder-only transformer over bytes with {shape} and a context of {context} bytes; with {study.baseline_label} it has {parameters} parameters.",
                f"All conditions start from the same byte-level transformer, {shape}, a context of {context} bytes and {parameters} parameters in the reference condition.",
            )
        )
    else:
        parts.append(voice.say("network", f"With {study.baseline_label} the network has {parameters} parameters."))
    if rate and batch:
        extra = f", weight decay {decay}" if decay else ""
        ramp = f" and a warm-up over the fraction {dropout} of the steps" if dropout else ""
        parts.append(
            voice.say(
                "network settings",
                f"Unless a condition says otherwise, training uses batches of {batch} sequences, a peak learning rate of {rate}{extra}{ramp}.",
                f"The reference settings are a peak learning rate of {rate}, batches of {batch} sequences{extra}{ramp}.",
            )
        )
    moved = study.moved
    if moved:
        parts.append(
            voice.say(
                "network moved",
                f"With {listing([study.label(contrast) for contrast in moved])} further settings move along, since the values of the reference condition would not suit {'it' if len(moved) == 1 else 'them'}; @tbl:conditions gives their values, and @sec:limitations takes up what follows from it.",
            )
        )
    return parts


def _budget(study: Study, voice: Voice) -> list[str]:
    made = {contrast.id: study.results.conditions[contrast.id].steps for contrast in study.measured}
    costly = [contrast for contrast in study.measured if made[contrast.id] < made[study.baseline.id]]
    cheap = [contrast for contrast in study.measured if made[contrast.id] > made[study.baseline.id]]
    clock = study.results.environment.get("clock")
    how = "of processor time on a single thread" if clock == "cpu" else "of wall-clock time"
    how = how.replace("a single thread", "its own thread")
    parts = [
        voice.say(
            "budget",
            f"A run may train for {{{{cfg.budget_s|int}}}} seconds {how}, start-up and scoring not counted.",
            f"The budget of every run is {{{{cfg.budget_s|int}}}} seconds {how}, to which start-up and scoring are not charged.",
        ),
        voice.say(
            "budget steps",
            f"The time per step is measured beforehand in alternation with the reference, and the budget is turned into a fixed number of steps, {study.of(study.baseline.id, 'steps')} for {study.baseline_label}; load on the machine thus leaves the ratio of two prices alone, while the number of steps belongs to this machine and this study.",
            f"Before the reported runs the time per step was measured in alternation with the reference; from it follows a number of steps that is fixed for this study, {study.of(study.baseline.id, 'steps')} for {study.baseline_label}, so that repeating a run gives the same result; another machine, or another day, would fix another number.",
        ),
    ]
    if costly:
        parts.append(
            voice.say(
                "budget costly",
                f"A step costs {_dearer(study, costly)}, and such runs therefore make do with fewer of them.",
            )
        )
    if cheap:
        parts.append(
            voice.say(
                "budget cheap",
                f"A step takes only {listing([_ratio(study, contrast) + ' of the reference time with ' + study.label(contrast) for contrast in cheap])}, "
                "which buys additional updates.",
            )
        )
    if costly or cheap:
        parts.append(
            voice.say(
                "budget noise",
                "The cost of a step is a measurement and carries noise of its own.",
                "Being measured, such prices are noisy themselves.",
                "Such prices come from a measurement, which has an error of its own.",
            )
        )
    elif len({study.results.conditions[contrast.id].cost_ratio for contrast in study.measured}) == 1 < len(study.measured):
        parts.append(
            voice.say(
                "budget even",
                "No condition's step could be told apart in price from that of the reference, so all make the same number of updates.",
                "All conditions make the same number of updates, because the measurement found no difference in what a step costs.",
            )
        )
    return parts


def _dearer(study: Study, costly: Sequence[Contrast]) -> str:
    """'1.13 times the reference with dropout'; of more than two conditions the span, because a table gives them all."""
    ordered = sorted(costly, key=lambda contrast: study.results.conditions[contrast.id].cost_ratio)
    printed = {f"{study.results.conditions[contrast.id].cost_ratio:.2f}" for contrast in costly}
    if len(printed) == 1:  # a span from 1.08 to 1.08 is none
        named = [contrast for contrast in costly if contrast.role != "ablation"] or costly
        return f"{_ratio(study, named[0])} times the reference with {listing([study.label(contrast) for contrast in named])}"
    if len(costly) <= 2:
        return listing([f"{_ratio(study, contrast)} times the reference with {study.label(contrast)}" for contrast in costly])
    return (
        f"from {_ratio(study, ordered[0])} times the reference with {study.label(ordered[0])} to {_ratio(study, ordered[-1])} times with "
        f"{study.label(ordered[-1])}"
    )


def _ratio(study: Study, contrast: Contrast) -> str:
    return study.of(contrast.id, "cost_ratio", "f2")


def _sizes_table(study: Study, voice: Voice) -> str:
    """What differs between conditions; a column in which nothing does is left out, and so is a table without such columns."""
    results = [study.results.conditions[contrast.id] for contrast in study.measured]
    columns = [
        (head, field, form)
        for head, field, form in (
            ("Steps", "steps", "int"),
            ("Parameters", "parameters", "int"),
            ("Training tokens", "tokens", "int"),
            ("Cost of a step", "cost_ratio", "f2"),
        )
        if len({round(getattr(result, field), 2) for result in results}) > 1
    ]
    if not columns:
        tokens = study.of(study.baseline.id, "tokens")
        return voice.say(
            "sizes alike",
            f"Steps, parameters and the {tokens} training bytes seen in a run are the same for all conditions.",
            f"Each condition sees {tokens} training bytes with the same number of steps and parameters.",
        )
    if [field for _, field, _ in columns] == ["parameters"]:
        return voice.say(
            "sizes parameters", f"Only their size differs between the networks, which have {study.parameters} parameters."
        )
    heads = [head for head, _, _ in columns]
    rows = [f"| Condition | {' | '.join(heads)} |", "|---|" + "--:|" * len(heads)]
    rows += [
        f"| {capital(study.row(contrast))} | {' | '.join(study.of(contrast.id, field, form) for _, field, form in columns)} |"
        for contrast in study.measured
    ]
    lead = voice.say(
        "sizes",
        "@tbl:sizes gives what the budget buys for each condition.",
        "What a run amounts to under each condition is listed in @tbl:sizes.",
    )
    caption = "What the same budget buys with each condition"
    caption += f"; the cost of a step is relative to {study.baseline_label}." if "Cost of a step" in heads else "."
    return f"{lead}\n\n" + "\n".join(rows) + f"\n\n: {caption} {{#tbl:sizes}}"


def _seeds(study: Study, voice: Voice) -> list[str]:
    return [
        voice.say(
            "seeds",
            f"All {{{{cfg.conditions|words}}}} conditions were {'fitted with' if study.tables else 'trained from'} {study.shared_seeds}, which makes {{{{cfg.runs_reported|int}}}} reported runs.",
            f"Each of the {{{{cfg.conditions|words}}}} conditions was run with {study.shared_seeds}, {{{{cfg.runs_reported|int}}}} runs in all.",
        ),
        tables.seeds_replay(study, voice)
        if study.tables
        else voice.say(
            "seeds replay",
            "A seed sets the initial weights and the order of the batches; training on a thread of its own is deterministic, so repeating a seed would measure nothing new.",
            "Training is deterministic for a given seed, hence the spread reported is that between seeds and not that of the machine.",
        ),
        _failures(study, voice),
    ]


def _failures(study: Study, voice: Voice) -> str:
    failed = study.record.failed
    if not failed:
        return voice.say(
            "failures none",
            "Every planned run finished and was scored.",
            "No planned run had to be given up.",
        )
    labels = listing(list(dict.fromkeys(study.conditions[run.condition].label for run in failed)))
    lost = listing([contrast.label for contrast in study.lost])
    text = (
        f"a run with {labels} ended without a score and is counted as a failure, not as missing at random."
        if len(failed) == 1
        else f"{{{{cfg.runs_failed|int}}}} of these runs, with {labels}, ended without a score and are counted as failures, not as missing at random."
    )
    if lost:
        text += f" Nothing can therefore be said about {lost}."
    return f"In the end, {text}"
