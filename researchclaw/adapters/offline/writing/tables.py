"""What is said only of a study that fits rows of a table: its data, its fits, and how far they carry.

A kit that was made for a topic trains no language model: no bytes are scored, no step has a price, no corpus is read. What the
other modules say of those is left out there, and these sentences stand in its place.
"""

from __future__ import annotations

from collections.abc import Sequence

from researchclaw.adapters.offline.writing.language import Voice, capital, listing, paragraph
from researchclaw.adapters.offline.writing.reading import Study

TRIVIAL = {
    "training_mean": "always giving the mean of the training targets",
    "all_zero": "setting all coefficients to zero",
    "most_frequent_class": "always giving the most frequent class",
    "class_shares": "always giving the shares of the classes",
}
"""Reference that sees no input (stages.e_execution.measures) -> what it does."""


def synthetic(study: Study) -> bool:
    """Whether the rows come from a generator; those of a data set that is installed are the same for every seed."""
    blueprint = study.record.goal.blueprint
    return blueprint is not None and blueprint.data_source == "synthetic"


def title_place(study: Study, subject: str) -> str:
    """'in linear regression', or nothing where the subject says it."""
    domain = study.record.goal.domain
    return "" if domain.lower() in subject.lower() else f" in {domain}"


def abstract_ran(study: Study, voice: Voice, arms: str) -> str:
    return voice.say(
        "abstract ran",
        f"We compare {arms}: for each of {study.shared_seeds} all of them are fitted to the same rows, and every fit is scored by "
        f"{study.metric.label} on rows that it has not seen.",
        f"Here {arms} are fitted to the same rows for each of {study.seed_count}; the outcome is {study.metric.label}.",
    )


def abstract_caveat(study: Study, voice: Voice) -> str:
    rows = "made-up rows of one kind" if synthetic(study) else "a single data set"
    return voice.must(
        "abstract caveat",
        f"The finding is bound to {rows} and to the size of its samples; conditions, comparisons and analysis were fixed before "
        "the first run.",
        f"The evidence comes from {rows}; other data were not tried.",
    )


def approach(study: Study, voice: Voice) -> str:
    return voice.say(
        "intro setting",
        "To answer the question, we keep everything else fixed: for a given seed all conditions have the same rows, the same split "
        "and the same limit of {{cfg.budget_s|int}} seconds for a fit (@sec:setup).",
        f"We look for the answer where repetition is cheap: every fit is done within {{{{cfg.budget_s|int}}}} seconds, and "
        f"{study.seed_count} are shared by all conditions (@sec:setup).",
    )


def making(voice: Voice) -> str:
    """The code was a mind's; these sentences are not."""
    return voice.say(
        "making who",
        "The programs behind the runs were written for this question, and the one that makes the data was reviewed in a context of its "
        "own and frozen before the first fit; rules composed these sentences.",
    )


# ---------------------------------------------------------------- set-up


def setup(study: Study, voice: Voice) -> list[str]:
    """Everything but the seeds."""
    return [
        "### Data {#sec:data}",
        paragraph(*_data(study, voice)),
        paragraph(*_yardstick(study, voice)),
        "### Fitting and scoring {#sec:fitting}",
        paragraph(*_fitting(study, voice)),
        _sizes_table(study, voice),
    ]


def _data(study: Study, voice: Voice) -> list[str]:
    name, train, val, test = (study.data("name", "text"), *(study.data(f"{split}_rows") for split in ("train", "val", "test")))
    made = "makes rows of its own" if synthetic(study) else "splits the rows anew"
    parts = []
    if name and train and val and test:
        parts.append(
            voice.say(
                "data",
                f"The data are synthetic ({name}). Each seed {made}: {train} are for fitting, {val} for scoring, and {test} stay untouched."
                if synthetic(study)
                else f"The data set is {name}. Each seed {made}: {train} are for fitting, {val} for scoring, and {test} stay untouched.",
            )
        )
    parts.append(
        voice.say(
            "data split",
            "Which rows are held out follows from the seed and from a number that was drawn when the programs were frozen, so the code "
            "that is fitted cannot know them.",
            "The split depends on the seed and on a number that stood in no prompt and in no sandbox.",
        )
    )
    parts.append(
        voice.say(
            "data metric",
            f"The outcome, {study.metric.label}, is computed by a separate program from predictions for the rows held out; "
            f"{'lower' if study.metric.lower_is_better else 'higher'} values are better.",
            f"A program that no condition changes computes the outcome, {study.metric.label}, from predictions for held-out rows.",
        )
    )
    return parts


def _yardstick(study: Study, voice: Voice) -> list[str]:
    return [
        voice.say(
            f"yardstick {name}",
            f"For scale, {TRIVIAL[name]} has {study.ref(name)} {study.metric.unit} on the rows of the first seed.",
            f"What needs no input, {TRIVIAL[name]}, stands at {study.ref(name)} {study.metric.unit} on the rows of the first seed.",
        )
        for name in study.results.references
        if name in TRIVIAL
    ]


def _fitting(study: Study, voice: Voice) -> list[str]:
    return [
        voice.say(
            "fitting",
            "A fit sees its own rows with their targets and nothing else; a second process of it, in a fresh sandbox, is given the "
            "inputs of the rows held out and returns predictions.",
            "What was fitted is stored and asked for predictions in a second sandbox, which holds the inputs of the held-out rows "
            "without their targets.",
        ),
        voice.say(
            "fitting alone",
            "A prediction that changes with the rows beside it is rejected.",
            "Predictions that depend on the other rows of the sample are rejected.",
        ),
        voice.say(
            "fitting limit",
            "A fit may take {{cfg.budget_s|int}} seconds of processor time on a thread of its own; start-up and scoring are not counted.",
            "The limit of a fit is {{cfg.budget_s|int}} seconds of processor time, without start-up and scoring.",
        ),
    ]


def _sizes_table(study: Study, voice: Voice) -> str:
    """What differs between conditions; nothing where nothing does."""
    results = [study.results.conditions[contrast.id] for contrast in study.measured]
    columns = [
        (head, field, form)
        for head, field, form in (("Stored numbers", "parameters", "int"), ("Time of a fit", "cost_ratio", "f2"))
        if len({round(getattr(result, field), 2) for result in results}) > 1
    ]
    if not columns:
        return ""
    rows = [f"| Condition | {' | '.join(head for head, _, _ in columns)} |", "|---|" + "--:|" * len(columns)]
    rows += [
        f"| {capital(study.row(contrast))} | {' | '.join(study.of(contrast.id, field, form) for _, field, form in columns)} |"
        for contrast in study.measured
    ]
    what = {
        "Stored numbers": "what a fitted state holds",
        "Time of a fit": f"how long a fit takes, relative to {study.baseline_label}",
    }
    told = listing([what[head] for head, _, _ in columns])
    lead = voice.say("sizes", f"@tbl:sizes says {told}.")
    return f"{lead}\n\n" + "\n".join(rows) + f"\n\n: {told[:1].upper()}{told[1:]}. {{#tbl:sizes}}"


def seeds_replay(study: Study, voice: Voice) -> str:
    return voice.say(
        "seeds replay",
        "A seed draws the rows and their split, so the spread between seeds is that between samples."
        if synthetic(study)
        else "A seed draws the split of the rows, so the spread between seeds is that between splits; rows are shared by all of them.",
    )


# ---------------------------------------------------------------- how far it carries


def scope(study: Study, voice: Voice) -> list[str]:
    name, train = study.data("name", "text"), study.data("train_rows")
    parts = []
    if name and train:
        parts.append(
            voice.say(
                "limits scale",
                f"One kind of data was used, {name}, with {train} rows for a fit; with other data, or with far more rows, the order of "
                "the conditions may be another.",
                f"All fits had {train} rows of one kind, {name}, and rankings may change with both.",
            )
        )
    if synthetic(study):
        parts.append(
            voice.say(
                "limits synthetic",
                "The rows were made by a generator, which real data seldom resemble in every respect.",
                "Made-up rows show what holds when their model does; measured data may follow another.",
            )
        )
    return parts


# ---------------------------------------------------------------- related work

COMPARING = ("statistics", "reproducibility", "tuning")
"""Tags of works on how methods are compared; what the search found beside them is on the question."""

USES = (
    "From this literature we take the paired analysis, the correction for several comparisons and the habit of printing every seed.",
    "Our design follows from it: shared seeds, an interval with every difference, and a plan that is closed before the runs.",
)


def left_open(voice: Voice, works: Sequence[object]) -> str:
    if not works:
        return ""
    return voice.turn(
        "left open",
        "How large such effects are on rows like ours they leave open, which is what we measure.",
        "How much of this shows on rows like ours has to be measured.",
    )
