"""Which figures show something in a study, and what their captions say."""

from __future__ import annotations

from collections.abc import Sequence

from researchclaw.adapters.offline.curves import Means, by_budget, enlarged_from
from researchclaw.adapters.offline.writing.language import listing
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import FigureSpec

COST_WORTH_SHOWING = 0.05
"""Share by which a step's cost must differ from the reference before a figure is spent on it; timing itself varies by 3 %."""
SEEDS_DRAWN = 5
"""Above it the figure leaves out the curves of single seeds (researchclaw.adapters.figures.curves.FEW_SEEDS)."""
CURVE_BYTES = 32_768
"""Validation bytes on which a curve is scored (researchclaw.adapters.experiment_runner)."""


def figures(study: Study) -> tuple[FigureSpec, ...]:
    """The figures that the record can fill; captions say what is seen."""
    drawn = (_method_diagram, _difference_forest, _seed_dots, _learning_curves, _ablation_forest, _cost_quality, _prisma)
    return tuple(spec for draw in drawn if (spec := draw(study)) is not None)


def _method_diagram(study: Study) -> FigureSpec:
    data, run = ("the rows of each seed", "fit") if study.tables else ("one corpus", "training run")
    return FigureSpec(
        id="method_diagram",
        kind="method_diagram",
        caption=f"How the study was run: {data}, a {run} for each condition and seed, a sealed evaluator, and comparisons within seeds.",
        alt=f"Boxes from the {'rows' if study.tables else 'corpus'} over the conditions to the evaluator and the comparison",
        conditions=_measured(study),
    )


def _difference_forest(study: Study) -> FigureSpec | None:
    comparisons = tuple(
        f"{trial.treatment.id}_vs_{trial.reference.id}"
        for trial in study.trials
        if trial.result is not None and trial.result.ci95_low is not None
    )
    if not comparisons:
        return None
    return FigureSpec(
        id="difference_forest",
        kind="difference_forest",
        caption=f"Paired differences in {study.metric.label}: a mark at the mean, a bar for the t interval, ticks for single seeds; the vertical line marks no difference{_both(study)}.",
        alt="Forest plot of paired differences",
        comparisons=comparisons,
    )


def _seed_dots(study: Study) -> FigureSpec:
    return FigureSpec(
        id="seed_dots",
        kind="seed_dots",
        caption=_dots_caption(study, _both(study)),
        alt="Dots of every seed, condition by condition",
        conditions=_measured(study),
    )


def _learning_curves(study: Study) -> FigureSpec | None:
    reported = tuple(contrast.id for contrast in study.measured if contrast.role != "ablation")
    if any(len(study.results.conditions[name].curve) < 2 for name in reported):
        return None
    return FigureSpec(
        id="learning_curves",
        kind="learning_curves",
        caption=_curves_caption(study, listing([study.short(study.conditions[name]) for name in reported]), reported),
        alt="Learning curves of the conditions",
        conditions=reported,
    )


def _ablation_forest(study: Study) -> FigureSpec | None:
    """The comparisons of the plan that test no hypothesis; one alone is told in words."""
    comparisons = tuple(
        f"{planned.a}_vs_{planned.b}"
        for planned in study.record.plan.comparisons
        if planned.purpose != "hypothesis"
        and (found := study.comparison(planned.a, planned.b)) is not None
        and found.ci95_low is not None
    )
    if comparisons and study.interaction_measured:
        comparisons += ("interaction",)
    if len(comparisons) < 2:
        return None
    kinds = ["ablations"] if any(name.startswith(f"{one.id}_vs_") for one in study.ablations for name in comparisons) else []
    kinds += ["joint changes"] if any(contrast.role == "combination" for contrast in study.treatments) else []
    kinds += ["the interaction"] if study.interaction_measured else []
    further = listing(kinds) or "the other planned comparisons"
    return FigureSpec(
        id="ablation_forest",
        kind="ablation_forest",
        caption=f"Paired differences of {further}, drawn in the same way: bars are t intervals{_both(study)}.",
        alt=f"Forest plot of {further}",
        comparisons=comparisons,
    )


def _cost_quality(study: Study) -> FigureSpec | None:
    conditions = _measured(study)
    if all(study.results.conditions[name].cost_ratio <= 1 + COST_WORTH_SHOWING for name in conditions):
        return None
    return FigureSpec(
        id="cost_quality",
        kind="cost_quality",
        caption=f"{'Time of a fit' if study.tables else 'Cost of a training step'}, relative to the reference, against {study.metric.label}"
        + ("; bars are t intervals of the mean." if study.seeds >= 3 else "."),
        alt=f"Scatter of {'fitting time' if study.tables else 'step cost'} and score",
        conditions=conditions,
    )


def _prisma(_study: Study) -> FigureSpec:
    return FigureSpec(
        id="prisma",
        kind="prisma",
        caption="Flow of records through the search, from the first hits to the works kept.",
        alt="Flow diagram of the literature search",
    )


def _measured(study: Study) -> tuple[str, ...]:
    return tuple(contrast.id for contrast in study.measured)


def _both(study: Study) -> str:
    """What a row means by 'both together', where there is such a row."""
    joint = [contrast.label for contrast in study.treatments if contrast.role == "combination"]
    return f"; both together: {joint[0].removesuffix(' together')}" if len(joint) == 1 and len(study.factors) == 2 else ""


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
    return f"{label[:1].upper()}{label[1:]} of every reported run, {marks if study.seeds > 1 else 'a dot for each'}{both}."


def _curves_caption(study: Study, names: str, reported: Sequence[str]) -> str:
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
    return f"Learning curves of {names}: {marks}{sample}{_second_panel(study, reported)}."


def _second_panel(study: Study, reported: Sequence[str]) -> str:
    """What the panel on the right shows, where the figure has one."""
    curves = {name: study.results.conditions[name].curve for name in reported}
    if min(len(curve) for curve in curves.values()) < 3:
        return ""
    steps = {name: sorted(int(step) for step in curve) for name, curve in curves.items()}
    shared = by_budget([made[-1] for made in steps.values()])
    drawn = [
        Means(
            x=tuple(100 * step / made[-1] if shared else float(step) for step in made),
            y=tuple(curves[name][str(step)].mean for step in made),
        )
        for name, made in steps.items()
    ]
    return "" if enlarged_from(drawn) is None else "; on the right the last part of training, enlarged"
