"""Method and experimental set-up: what was varied and why, what was predicted, how it was measured."""

from __future__ import annotations

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
from stages.contracts import Contrast, Factor, Level, Statement


def method(study: Study, voice: Voice, background: dict[str, tuple[str, ...]]) -> list[str]:
    blocks = ["### What is varied {#sec:factor}"]
    for factor in study.factors:
        blocks.append(_factor(study, voice, factor, background[factor.name]))
    blocks.append(_combination(study, voice))
    blocks.append(_conditions_table(study))
    blocks.append("### Hypotheses {#sec:hypotheses}")
    blocks.append(_hypotheses_opening(study, voice))
    blocks.extend(_hypothesis(study, voice, trial, place) for place, trial in enumerate(study.trials))
    blocks.append(_refused(study, voice))
    blocks.append("### How a difference is judged {#sec:judging}")
    blocks.extend(_judging(study, voice))
    return [block for block in blocks if block]


# ---------------------------------------------------------------- what is varied


def _factor(study: Study, voice: Voice, factor: Factor, background: tuple[str, ...]) -> str:
    baseline = next(level for level in factor.levels if level.is_baseline)
    levels = _levels_of(study, factor)
    return paragraph(
        *(voice.say(f"background {sentence}", sentence) for sentence in background),
        voice.say(
            f"baseline {factor.name}",
            f"The reference level of {factor.named} is {baseline.label}{_cites(study, baseline)}.",
            f"Where {factor.named} is concerned, the reference is {baseline.label}{_cites(study, baseline)}.",
        ),
        voice.say(f"mechanism {baseline.name}", ended(baseline.mechanism)),
        *(_level(study, voice, level, place) for place, level in enumerate(levels)),
    )


def _levels_of(study: Study, factor: Factor) -> list[Level]:
    found: dict[str, Level] = {}
    for contrast in study.treatments:
        for owner, level in study.levels(contrast):
            if owner.name == factor.name:
                found.setdefault(level.name, level)
    return list(found.values())


def _level(study: Study, voice: Voice, level: Level, place: int) -> str:
    cites = _cites(study, level)
    mechanism = ended(level.mechanism)
    opening = ("Against it stands", "A further condition is", "The comparison also takes in", "Last in the list is")[min(place, 3)]
    return paragraph(
        voice.say(
            f"level {level.name}",
            f"{opening} {level.label}{cites}.",
            f"{capital(level.label)} is the alternative{cites}." if place == 0 else "",
        ),
        voice.say(f"mechanism {level.name}", mechanism),
    )


def _cites(study: Study, level: Level) -> str:
    keys = [f"@{work.key}" for work in study.works(level.works)]
    return f" [{'; '.join(keys)}]" if keys else ""


def _combination(study: Study, voice: Voice) -> str:
    combinations = [contrast for contrast in study.treatments if contrast.role == "combination"]
    if not combinations:
        return ""
    parts = []
    for contrast in combinations:
        labels = listing([level.label for _, level in study.levels(contrast)]) or contrast.label
        parts.append(
            voice.say(
                f"combination {contrast.id}",
                f"The condition {contrast.label} sets {labels} at the same time, so that what they do together can be held against what each does alone.",
                f"To see whether the effects of {labels} add up, a further condition makes both changes at once.",
            )
        )
    return paragraph(*parts)


def _conditions_table(study: Study) -> str:
    rows = ["| Condition | Role | What it changes |", "|---|---|---|"]
    for contrast in study.record.plan.conditions:
        rows.append(f"| {study.row(contrast)} | {contrast.role} | {_change(study, contrast)} |")
    caption = f"Conditions of the experiment on {study.about} and what each changes in the training script."
    lead = f"@tbl:conditions lists all conditions on {study.about}; each is a patch of the same training script that changes nothing else."
    return f"{lead}\n\n" + "\n".join(rows) + f"\n\n: {caption} {{#tbl:conditions}}"


def _change(study: Study, contrast: Contrast) -> str:
    if contrast.role == "baseline":
        return "nothing"
    if contrast.role == "ablation":
        origin = study.conditions.get(contrast.ablates or "")
        return f"{contrast.removes} taken out{f' of {origin.label}' if origin else ''}"
    levels = study.levels(contrast)
    if levels:
        return "; ".join(f"{factor.label}: {level.label}" for factor, level in levels)
    return listing([name.lower().replace("_", " ") for name in contrast.settings])


# ---------------------------------------------------------------- hypotheses


def _hypotheses_opening(study: Study, voice: Voice) -> str:
    several = len(study.trials) > 1
    text = (
        f"Each hypothesis on {study.about} went through a debate on record between a proponent, a skeptic and a methodologist before a chair settled its wording."
        if several
        else f"The hypothesis on {study.about} was argued for, argued against and checked for method before it was adopted."
    )
    sizes = (
        f" The sizes given are guesses made before any run on {study.about}, and they are kept so that they can be held against the data."
        if study.cfg(f"predicted_{study.primary.hypothesis.id}", "f3")
        else ""
    )
    return voice.say("hypotheses", text) + sizes


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
        _turn(study, voice, trial, [turn for turn in debate if turn.role == "chair"], "chair"),
        _refutation(study, voice, trial),
    )


def _prediction(study: Study, voice: Voice, trial: Trial, place: int) -> str:
    hypothesis = trial.hypothesis
    size = study.cfg(f"predicted_{hypothesis.id}", "f3")
    a, b = study.training(trial.treatment), study.training(trial.reference)
    about = f", by about {size} {study.metric.unit}" if size and hypothesis.predicted_size > 0 else ""
    name = "main hypothesis" if place == 0 else f"hypothesis on {trial.treatment.label}"
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
            f"The {name} is that {a} and {b} differ {margin}, which would be too little to matter.",
            f"For {trial.treatment.label} we predict a score that {b} would reach as well: the means should differ {margin}.",
            f"About {trial.treatment.label} the expectation is that nothing of note happens, the distance to {study.name(trial.reference)} staying within the "
            "margin fixed in advance."
            if not size
            else f"About {trial.treatment.label} the expectation is that nothing of note happens; {size} {study.metric.unit} is the most by which it may "
            f"part from {study.name(trial.reference)}.",
        )
    side = "below" if (hypothesis.predicts == "better") == study.metric.lower_is_better else "above"
    label, unit = trial.treatment.label, study.metric.label
    if place == 0:
        return voice.say(
            f"hypothesis {hypothesis.id}",
            f"The main hypothesis is that {a} ends {side} {b} in {unit}{about}.",
            f"Above all we predict that the {unit} reached by {a} will lie {side} what {b} reaches{about}.",
        )
    return voice.must(
        "hypothesis",
        f"As to {label}, our guess is that its runs end {side} those with {study.name(trial.reference)}{about}."
        if study.baseline_label != "the baseline"
        else f"As to {label}, our guess is that its runs end {side} those of the baseline{about}.",
        f"A {'gain' if hypothesis.predicts == 'better' else 'loss'} is foreseen for {label} against {study.name(trial.reference)}{about}.",
        f"For {label} the prediction is {a_or_an(hypothesis.predicts)} score than {study.name(trial.reference)} would give{about}.",
        f"We expect {a} to do {hypothesis.predicts} than {b}{about}.",
        f"The score of {a} is predicted to fall {side} that of {b}{about}.",
    )


def _rationale(study: Study, voice: Voice, trial: Trial) -> str:
    text = cited(trial.hypothesis.rationale, study.record.citable)
    if not text or not printable(text, study.names):
        return ""
    keys = [f"@{work.key}" for work in study.works(trial.hypothesis.keys)][:3]
    if keys and not has_citation(text):
        text = f"{text.rstrip('.')} [{'; '.join(keys)}]"
    return voice.say(f"rationale {trial.hypothesis.id}", ended(text))


_TURN_FRAMES = {
    "for": (
        "The proponent argued that {text}.",
        "In its favour it was said that {text}.",
        "What speaks for {label} is that {text}.",
        "The case for {label} rests on the thought that {text}.",
    ),
    "against": (
        "The skeptic replied that {text}.",
        "Against this it was held that {text}.",
        "The objection to {label} is that {text}.",
        "The skeptic was not convinced by {label}: {text}.",
    ),
    "method": (
        "On method it was noted that {text}.",
        "The methodologist pointed out that {text}.",
        "A caution about {label} concerned method: {text}.",
    ),
    "chair": ("The chair ruled that {text}.", "In the end it was settled that {text}.", "The ruling on {label} was that {text}."),
}


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
        said = voice.turn(
            f"turn {side}", *(frame.format(text=lowered(first), label=trial.treatment.label) for frame in _TURN_FRAMES[side])
        )
        return paragraph(said, *(voice.say(f"turn {trial.hypothesis.id} {side} {sentence}", ended(sentence)) for sentence in more))
    return ""


def _reserved(study: Study, trial: Trial, turn: Statement) -> bool:
    """A confounder that is kept for the limitations; the first hypothesis may spend one where enough remain."""
    confounders = [text for factor in study.factors for text in factor.confounders]
    return turn.text in confounders and (trial.hypothesis.id != study.primary.hypothesis.id or len(confounders) < 3)


def _refutation(study: Study, voice: Voice, trial: Trial) -> str:
    text = trial.hypothesis.refuted_when
    if printable(text, study.names) and len(text.split()) > 4:
        options = (
            [f"It counts as refuted when {lowered(text)}."]
            if not text.lower().startswith(("refuted", "it ", "the hypothesis"))
            else [ended(capital(text))]
        )
    else:
        options = []
    if trial.hypothesis.predicts == "same":
        options.append(
            f"An interval for {trial.treatment.label} that leaves out zero difference would refute this expectation.".replace(
                "zero difference", "the point of no difference"
            )
        )
    else:
        options.append(f"An interval that lies wholly on the other side would refute the prediction for {trial.treatment.label}.")
        options.append(
            f"The prediction for {trial.treatment.label} falls if the whole interval lies on the opposite side of no difference."
        )
    return voice.say(f"refuted {trial.hypothesis.id}", *options)


def _refused(study: Study, voice: Voice) -> str:
    refused = [hypothesis for hypothesis in study.record.hypotheses.rejected if hypothesis.treatment in study.conditions]
    if not refused:
        return ""
    labels = listing(list(dict.fromkeys(study.conditions[hypothesis.treatment].label for hypothesis in refused)))
    return voice.say(
        "refused",
        f"Considered and not pursued was a hypothesis about {labels}; the reasons of the chair are kept with the plan.",
        f"The chair turned down a hypothesis about {labels}, so it forms no part of what follows.",
    )


# ---------------------------------------------------------------- judging


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
                f"Runs of {a.label} and {study.name(b)}, as of any other pair of conditions, are compared seed by seed, because the same seed gives them the same data order and lets shared luck cancel.",
                f"A seed fixes the order of the data and the draw of the weights, so {a.label} and {study.name(b)} are compared within seeds and not across them.",
            ),
            f"For a seed $s$ the quantity of interest is the difference of the {study.metric.label} of {a.label} and {study.name(b)}, and likewise for other pairs; {lower}:",
        ),
        "$$ d_s = m_{\\mathrm{first}}(s) - m_{\\mathrm{second}}(s) $$ {#eq:difference}",
    ]
    if study.seeds >= 3:
        blocks.append(
            paragraph(
                voice.say(
                    "judging interval",
                    f"From these differences we form the mean $\\bar d$ and Student's interval $\\bar d \\pm t\\, s_d / \\sqrt{{n}}$ at the {study.confidence} level; "
                    f"resampling methods cover too little with as few seeds as the comparison of {study.about} has.",
                    f"The mean $\\bar d$ is reported with Student's interval $\\bar d \\pm t\\, s_d / \\sqrt{{n}}$ at the {study.confidence} level, "
                    f"which keeps its coverage at the small number of seeds that {study.about} could be given.",
                ),
                _holm(study, voice),
                voice.say(
                    "judging rule",
                    f"A difference between conditions on {study.about} is called clear only if its interval leaves out zero and the adjusted test agrees; all else is reported as not told apart.".replace(
                        "leaves out zero", "excludes no difference"
                    ),
                    f"Only when the interval excludes no difference and the adjusted test agrees do we speak of one condition on {study.about} as ahead of another.".replace(
                        "of one condition", "of a condition"
                    ),
                ),
                _power(study, voice),
            )
        )
    else:
        blocks.append(
            voice.say(
                "judging few",
                f"With {study.seed_count} for each condition no interval can be formed, so the values for {study.about} are printed side by side and no comparison is claimed.",
            )
        )
    return blocks


def _holm(study: Study, voice: Voice) -> str:
    count = len(study.record.plan.comparisons) + (1 if study.results.interaction else 0)
    if count < 2:
        return voice.say(
            "holm",
            f"Since a single comparison on {study.about} was registered, its test needs no adjustment.".replace(
                "a single comparison", "only this comparison"
            ),
        )
    cites = [f"@{key}" for key in ("holm1979simple",) if key in study.record.citable]
    cite = f" [{'; '.join(cites)}]" if cites else ""
    return voice.say(
        "holm",
        f"All registered comparisons on {study.about} form a family whose paired t tests are adjusted by Holm's method{cite}.",
        f"Because several comparisons on {study.about} are made, the p values of the paired t tests are adjusted by Holm's procedure{cite}.",
    )


def _power(study: Study, voice: Voice) -> str:
    power = study.cfg("power_percent")
    if power is None or study.primary.result is None or study.primary.result.mde is None:
        return ""
    return voice.say(
        "power",
        f"With each comparison on {study.about} we give the smallest true difference that it would find in {power} % of repetitions.",
        f"To show what could have been missed about {study.about}, we report the difference that would be found with {power} % power.",
    )


# ---------------------------------------------------------------- experimental set-up


def setup(study: Study, voice: Voice) -> list[str]:
    return [
        block
        for block in (
            "### Data and yardsticks {#sec:data}",
            paragraph(*_data(study, voice)),
            paragraph(*_yardsticks(study, voice)),
            "### Network and training {#sec:training}",
            paragraph(*_network(study, voice)),
            paragraph(*_budget(study, voice)),
            _sizes_table(study, voice),
            "### Seeds and runs {#sec:runs}",
            paragraph(*_seeds(study, voice)),
        )
        if block
    ]


def _data(study: Study, voice: Voice) -> list[str]:
    files, train, val = study.data("files"), study.data("train_bytes"), study.data("val_bytes")
    name = study.data("name", "text")
    parts = []
    if name and files and train and val:
        parts.append(
            voice.say(
                "data",
                f"The corpus on which {study.about} {study.is_are} tried is {name}: {files} files after duplicates are dropped, "
                f"split by file into {train} bytes for training and {val} bytes for validation.",
                f"For the experiment on {study.about} we use {name}, {files} files without duplicates, of which {train} bytes serve for training and {val} bytes for validation.",
            )
        )
    parts.append(
        voice.say(
            "data split",
            f"Since whole files go to either side, no neighbouring lines of a training file appear where {study.about} {study.is_are} scored.",
            f"Files are never divided between the splits, so what is scored for {study.about} was not seen in part during training.",
        )
    )
    if study.data("test_bytes"):
        parts.append(
            voice.say(
                "data test",
                f"A further {study.data('test_bytes')} bytes are sealed for a later test and were not looked at in this study of {study.about}.",
                f"Another {study.data('test_bytes')} bytes remain sealed: nothing about {study.about} was decided on them.",
            )
        )
    scored = study.cfg("scored_bytes")
    if scored:
        parts.append(
            voice.say(
                "data scored",
                f"Each model is scored on {scored} bytes spread evenly over the validation files, because a contiguous stretch gives a noisier picture of {study.about}.",
                f"Scores for {study.about} rest on {scored} validation bytes taken at even distances and not on a contiguous stretch, which would be noisier.",
            )
            if study.record.plan.scored_bytes is not None
            else voice.say("data scored", f"Each condition on {study.about} is scored on all {scored} bytes of the validation files.")
        )
    parts.append(
        voice.say(
            "data metric",
            f"The outcome for {study.about}, {study.metric.label}, is the mean cross-entropy per byte in bits, computed outside the trained code; "
            f"{'lower values mean that' if study.metric.lower_is_better else 'higher values mean that'} the next byte is predicted with more certainty.",
            f"The score is computed from the predicted distributions by a separate program, never by the code that a condition on {study.about} changes.",
        )
    )
    return parts


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
            f"To give the scores on {study.about} a scale, the same validation files were compressed: this takes {values}, again in {study.metric.unit}.",
            f"As a scale for the scores on {study.about}, general-purpose compressors were run on the same files; they need, in {study.metric.unit}, {values}.",
        ),
    ]
    if best:
        parts.append(
            voice.say(
                "yardsticks order",
                f"A smoothed table of byte counts, with the length of its history chosen in hindsight, reaches {study.ref(best)} {study.metric.unit}, a mark against which the conditions on {study.about} can be held."
                if len(study.factors) == 1
                else f"A smoothed table of byte counts, with the length of its history chosen in hindsight, reaches {study.ref(best)} {study.metric.unit}.",
            )
        )
    base = study.value(study.baseline.id, "mean", "f3")
    if passed:
        parts.append(
            f"The reference condition of this study, {study.baseline_label}, ends at {base} {study.metric.unit} and so passes {listing(passed)} within its short training."
        )
    else:
        parts.append(
            f"The reference condition of this study, {study.baseline_label}, ends at {base} {study.metric.unit} and so remains behind all of these compressors."
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
                f"All conditions on {study.about} start from the same byte-level transformer, {shape}, a context of {context} bytes and {parameters} parameters in the reference condition.",
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
                f"Unless a condition on {study.about} says otherwise, training uses batches of {batch} sequences, a peak learning rate of {rate}{extra}{ramp}.",
                f"The reference settings around {study.about} are a peak learning rate of {rate}, batches of {batch} sequences{extra}{ramp}.",
            )
        )
    moved = [contrast for contrast in study.treatments if len(contrast.settings) > 1]
    if moved:
        parts.append(
            voice.say(
                "network moved",
                f"With {listing([contrast.label for contrast in moved])} further settings move along, since the values of the reference condition would not suit {'it' if len(moved) == 1 else 'them'}; this is part of the condition and is taken up in @sec:limitations.",
            )
        )
    return parts


def _budget(study: Study, voice: Voice) -> list[str]:
    ratios = {contrast.id: study.results.conditions[contrast.id].cost_ratio for contrast in study.measured}
    costly = [contrast for contrast in study.measured if ratios[contrast.id] > 1.05]
    cheap = [contrast for contrast in study.measured if ratios[contrast.id] < 0.95]
    clock = study.results.environment.get("clock")
    how = "of processor time on a single thread" if clock == "cpu" else "of wall-clock time"
    how = how.replace("a single thread", "its own thread")
    parts = [
        voice.say(
            "budget",
            f"A run on {study.about} may train for {{{{cfg.budget_s|int}}}} seconds {how}, start-up and scoring not counted.",
            f"The budget of every run on {study.about} is {{{{cfg.budget_s|int}}}} seconds {how}, to which start-up and scoring are not charged.",
        ),
        voice.say(
            "budget steps",
            f"So that the result does not hang on the load of the machine, the time per step is measured beforehand in alternation with the reference, and the budget is turned into a fixed number of steps, {study.of(study.baseline.id, 'steps')} for {study.baseline_label}.",
            f"Before the reported runs the time per step was measured in alternation with the reference; from it follows a fixed number of steps, {study.of(study.baseline.id, 'steps')} for {study.baseline_label}, so that repeating a run gives the same result.",
        ),
    ]
    if costly:
        parts.append(
            voice.say(
                "budget costly",
                f"A step costs {listing([_ratio(study, contrast) + ' times the reference with ' + contrast.label for contrast in costly])}, "
                "and such runs therefore make do with fewer of them.",
            )
        )
    if cheap:
        parts.append(
            voice.say(
                "budget cheap",
                f"A step takes only {listing([_ratio(study, contrast) + ' of the reference time with ' + contrast.label for contrast in cheap])}, "
                "which buys additional updates.",
            )
        )
    if not costly and not cheap and len(study.measured) > 1:
        parts.append(
            voice.say(
                "budget even",
                f"The conditions on {study.about} cost practically alike per step, so that all of them get about as many updates.",
                f"Since no change of {study.about} alters the price of a step noticeably, differences in the number of updates play no part.",
            )
        )
    return parts


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
            f"Steps, parameters and the {tokens} training bytes seen in a run are the same for all conditions on {study.about}.",
            f"Each of the conditions on {study.about} sees {tokens} training bytes with the same number of steps and parameters.",
        )
    heads = [head for head, _, _ in columns]
    rows = [f"| Condition | {' | '.join(heads)} |", "|---|" + "--:|" * len(heads)]
    rows += [
        f"| {study.row(contrast)} | {' | '.join(study.of(contrast.id, field, form) for _, field, form in columns)} |"
        for contrast in study.measured
    ]
    lead = voice.say(
        "sizes",
        f"@tbl:sizes gives what the budget buys for each condition on {study.about}.",
        f"What a run amounts to under each condition on {study.about} is listed in @tbl:sizes.",
    )
    caption = f"What the same budget buys with each condition on {study.about}"
    caption += f"; the cost of a step is relative to {study.baseline_label}." if "Cost of a step" in heads else "."
    return f"{lead}\n\n" + "\n".join(rows) + f"\n\n: {caption} {{#tbl:sizes}}"


def _seeds(study: Study, voice: Voice) -> list[str]:
    return [
        voice.say(
            "seeds",
            f"All {{{{cfg.conditions|words}}}} conditions on {study.about} were trained from {study.shared_seeds}, which makes {{{{cfg.runs_reported|int}}}} reported runs.",
            f"Each of the {{{{cfg.conditions|words}}}} conditions on {study.about} was run with {study.shared_seeds}, {{{{cfg.runs_reported|int}}}} runs in all.",
        ),
        voice.say(
            "seeds replay",
            f"A seed sets the initial weights and the order of the batches; training on a thread of its own is deterministic, so repeating a seed of {study.baseline_label} would measure nothing new.",
            f"Training is deterministic for a given seed, hence the spread reported for {study.about} is that between seeds and not that of the machine.",
        ),
        _failures(study, voice),
    ]


def _failures(study: Study, voice: Voice) -> str:
    failed = study.record.failed
    if not failed:
        return voice.say(
            "failures none",
            f"Every planned run on {study.about} finished and was scored.",
            f"No run on {study.about} had to be given up.",
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
