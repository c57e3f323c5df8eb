"""What the paper claims, which material goes to which section, and which figures show something."""

from __future__ import annotations

from researchclaw.adapters.offline.writing.language import cited, has_citation, listing, printable
from researchclaw.adapters.offline.writing.reading import Study
from researchclaw.adapters.offline.writing.title import claim, title
from stages.contracts import Factor, FigureSpec, Outline, SectionPlan

COST_WORTH_SHOWING = 0.05
"""Share by which a step's cost must differ from the reference before a figure is spent on it; timing itself varies by 3 %."""


SEEDS_DRAWN = 5
"""Above it the figure leaves out the curves of single seeds (researchclaw.adapters.figures.curves.FEW_SEEDS)."""
CURVE_BYTES = 32_768
"""Validation bytes on which a curve is scored (researchclaw.adapters.experiment_runner)."""


def outline(study: Study, sections: tuple[tuple[str, str], ...]) -> Outline:
    return Outline(
        title=title(study),
        claim=claim(study),
        sections=tuple(
            SectionPlan(id=name, title=heading, points=_points(study, name), keys=_keys(study, name)) for name, heading in sections
        ),
        figures=figures(study),
    )


def background(study: Study) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """(for the introduction, for the related work): factor -> its background sentences, each with a citation that may be made."""
    first: dict[str, tuple[str, ...]] = {}
    rest: dict[str, tuple[str, ...]] = {}
    opening = 4 if len(study.factors) == 1 else 3
    for factor in study.factors:
        fit = _usable(study, factor)
        first[factor.name], rest[factor.name] = tuple(fit[:opening]), tuple(fit[opening:])
    return first, rest


def _usable(study: Study, factor: Factor) -> list[str]:
    """Sentences in the order of the kit; one whose citation is not on the shortlist cannot stand, one that never had any may."""
    found = []
    for sentence in factor.background:
        text = cited(sentence, study.record.citable)
        if text and printable(text, study.names) and has_citation(text) == has_citation(sentence):
            found.append(text)
    return found


def _points(study: Study, section: str) -> tuple[str, ...]:
    subject = study.about
    return {
        "abstract": (f"the question on {subject}", "what was run", "the main result with its interval", "the caveat"),
        "introduction": (f"why {subject} is worth asking about", "the gap", "what was done and found", "how the paper was made"),
        "related_work": tuple(theme.title for theme in study.themes),
        "method": (f"{subject} and its levels", "hypotheses with their arguments", "how a difference is judged"),
        "setup": ("data", "fitting and scoring", "seeds")
        if study.tables
        else ("corpus and yardsticks", "network and budget", "seeds"),
        "results": tuple(trial.hypothesis.statement for trial in study.trials),
        "ablations": tuple(contrast.label for contrast in study.ablations) or ("what was not taken apart",),
        "discussion": ("what follows for practice", "how it stands to the literature"),
        "limitations": tuple(text for factor in study.factors for text in factor.confounders[:2]),
        "conclusion": (claim(study),),
    }.get(section, (f"record of the study on {subject}",))


def _keys(study: Study, section: str) -> tuple[str, ...]:
    if section == "related_work":
        return tuple(dict.fromkeys(work.key for theme in study.themes for work in study.works(theme.keys)))
    if section in {"introduction", "method"}:
        return tuple(work.key for factor in study.factors for level in factor.levels for work in study.works(level.works))
    return ()


def figures(study: Study) -> tuple[FigureSpec, ...]:
    """The figures that the record can fill; captions say what is seen."""
    label = study.metric.label
    conditions = tuple(contrast.id for contrast in study.measured)
    main = tuple(
        f"{trial.treatment.id}_vs_{trial.reference.id}"
        for trial in study.trials
        if trial.result is not None and trial.result.ci95_low is not None
    )
    extra = tuple(
        f"{planned.a}_vs_{planned.b}"
        for planned in study.record.plan.comparisons
        if planned.purpose != "hypothesis"
        and (found := study.comparison(planned.a, planned.b)) is not None
        and found.ci95_low is not None
    )
    reported = tuple(contrast.id for contrast in study.measured if contrast.role != "ablation")
    data, run = ("the rows of each seed", "fit") if study.tables else ("one corpus", "training run")
    joint = [contrast.label for contrast in study.treatments if contrast.role == "combination"]
    both = f"; both together: {joint[0].removesuffix(' together')}" if len(joint) == 1 and len(study.factors) == 2 else ""
    made = [
        FigureSpec(
            id="method_diagram",
            kind="method_diagram",
            caption=f"How the study was run: {data}, a {run} for each condition and seed, a sealed evaluator, and comparisons within seeds.",
            alt=f"Boxes from the {'rows' if study.tables else 'corpus'} over the conditions to the evaluator and the comparison",
            conditions=conditions,
        )
    ]
    if main:
        made.append(
            FigureSpec(
                id="difference_forest",
                kind="difference_forest",
                caption=f"Paired differences in {label}: a mark at the mean, a bar for the t interval, ticks for single seeds; the vertical line marks no difference{both}.",
                alt="Forest plot of paired differences",
                comparisons=main,
            )
        )
    made.append(
        FigureSpec(
            id="seed_dots",
            kind="seed_dots",
            caption=_dots_caption(study, both),
            alt="Dots of every seed, condition by condition",
            conditions=conditions,
        )
    )
    if all(len(study.results.conditions[name].curve) >= 2 for name in reported):
        made.append(
            FigureSpec(
                id="learning_curves",
                kind="learning_curves",
                caption=_curves_caption(study, listing([study.short(study.conditions[name]) for name in reported])),
                alt="Learning curves of the conditions",
                conditions=reported,
            )
        )
    if len(extra) >= 2:
        kinds = ["ablations"] if any(name.startswith(f"{one.id}_vs_") for one in study.ablations for name in extra) else []
        kinds += ["joint changes"] if any(contrast.role == "combination" for contrast in study.treatments) else []
        further = listing(kinds) or "the other planned comparisons"
        made.append(
            FigureSpec(
                id="ablation_forest",
                kind="ablation_forest",
                caption=f"Paired differences of {further}, drawn in the same way: bars are t intervals{both}.",
                alt=f"Forest plot of {further}",
                comparisons=extra,
            )
        )
    if any(study.results.conditions[name].cost_ratio > 1 + COST_WORTH_SHOWING for name in conditions):
        made.append(
            FigureSpec(
                id="cost_quality",
                kind="cost_quality",
                caption=f"{'Time of a fit' if study.tables else 'Cost of a training step'}, relative to the reference, against {label}"
                + ("; bars are t intervals of the mean." if study.seeds >= 3 else "."),
                alt=f"Scatter of {'fitting time' if study.tables else 'step cost'} and score",
                conditions=conditions,
            )
        )
    made.append(
        FigureSpec(
            id="prisma",
            kind="prisma",
            caption="Flow of records through the search, from the first hits to the works kept.",
            alt="Flow diagram of the literature search",
        )
    )
    return tuple(made)


def _dots_caption(study: Study, both: str) -> str:
    """What the marks are; an interval needs three seeds, a mean two.

    both: what a row means by 'both together'.
    """
    label = study.metric.label
    marks = "a dot for each seed; thin lines join the runs of a seed"
    if study.seeds >= 3:
        marks += ", a tick marks the mean and the bar beneath it the t interval of the mean"
    elif study.seeds == 2:
        marks += ", a tick marks the mean"
    return f"{label[:1].upper()}{label[1:]} of every run, {marks if study.seeds > 1 else 'a dot for each'}{both}."


def _curves_caption(study: Study, names: str) -> str:
    """What the marks are, and why the ends differ from the table where the curve's sample is the smaller one."""
    marks = "a marked line for the mean" if study.seeds > 1 else "a line for the run"
    if 1 < study.seeds <= SEEDS_DRAWN:
        marks += ", thin lines for single seeds"
    if study.seeds >= 3:
        marks += ", a band for the t interval of the mean"
    scored = study.record.plan.scored_bytes
    smaller = scored is None or scored > CURVE_BYTES
    sample = (
        "; scored on a smaller fixed sample of the validation files, so that the ends differ from the scores in the table"
        if smaller
        else ""
    )
    return f"Learning curves of {names}: {marks}{sample}."
