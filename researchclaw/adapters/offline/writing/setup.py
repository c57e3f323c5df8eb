"""Experimental set-up: data, network, budget, seeds, and what failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from researchclaw.adapters.offline.writing import tables
from researchclaw.adapters.offline.writing.language import Voice, capital, listing, paragraph
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import Contrast


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
    parts.append(_update_rule(study, voice))
    moved = study.moved
    if moved:
        parts.append(
            voice.say(
                "network moved",
                f"With {listing([study.label(contrast) for contrast in moved])} further settings move along, since the values of the reference condition would not suit {'it' if len(moved) == 1 else 'them'}; @tbl:conditions gives their values, and @sec:limitations takes up what follows from it.",
            )
        )
    return parts


_OPTIMISERS = {"adamw": ("AdamW", "loshchilov2019decoupled")}
_SCHEDULES = {"cosine": ("a cosine", "loshchilov2017sgdr"), "linear": ("a straight line", "")}
"""Literal of a constant -> what running text calls it, and the work that introduced it."""


def _update_rule(study: Study, voice: Voice) -> str:
    """Optimiser and schedule of the reference, with the works where they may be cited; a literal without a name is left to the table."""

    def named(known: Mapping[str, tuple[str, str]], constant: str) -> str:
        name, key = known.get(str(study.results.config.get(constant)), ("", ""))
        return f"{name} [@{key}]" if name and key in study.record.citable else name

    optimiser, shape, end = named(_OPTIMISERS, "optimizer"), named(_SCHEDULES, "schedule"), study.number("final_lr")
    falls = f"the learning rate falls along {shape} to the fraction {end} of its peak" if shape and end else ""
    if not optimiser:
        return ""
    return voice.must(
        "network update",
        f"The reference is trained by {optimiser}{f', and after the warm-up {falls}' if falls else ''}; @tbl:settings holds every setting.",
        f"Weights of the reference are updated by {optimiser}{f'; {falls} once the warm-up is over' if falls else ''} (@tbl:settings).",
    )


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
            f"A run is meant to train for about {{{{cfg.budget_s|int}}}} seconds {how}, start-up and scoring not counted.",
            f"The budget of every run is about {{{{cfg.budget_s|int}}}} seconds {how}, to which start-up and scoring are not charged.",
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
            voice.must(
                "budget noise",
                "The price of a step is a measurement: prices within its noise of that of the reference, or of each other, are pooled, and "
                "pooled prices buy the same number of steps.",
                "Such prices come from a measurement; those that it cannot tell apart, from the reference or from each other, are set equal "
                "and give equal numbers of steps.",
            )
        )
    elif len({study.results.conditions[contrast.id].cost_ratio for contrast in study.measured}) == 1 < len(study.measured):
        parts.append(
            voice.say(
                "budget even",
                "In this calibration no condition's step differed from that of the reference by more than its noise, so all were given the same "
                "number of updates.",
                "All conditions were given the same number of updates, because their prices in this calibration lay within its noise of that of "
                "the reference.",
            )
        )
    if study.results.seconds:
        parts.append(
            voice.must(
                "budget taken",
                "What the runs then took is printed in @tbl:seconds; with the number of steps fixed, it depends on the load of the machine and "
                "on what the calibration missed.",
                "The number of steps and not the clock ends a run, so the time that runs took differs from the budget; @tbl:seconds prints it.",
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
            "sizes parameters",
            f"All conditions make the same number of steps; through what they change, the networks have {study.parameters} parameters.",
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
