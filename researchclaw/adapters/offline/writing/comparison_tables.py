"""The tables of means and of planned comparisons."""

from __future__ import annotations

from researchclaw.adapters.offline.writing.language import Voice, capital, listing
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import PairedComparison


def main_table(study: Study) -> str:
    compared = study.compared
    spread = study.seeds >= 2
    head = ["Condition", f"Mean ({study.metric.unit})"] + (["SD"] if spread else [])
    head += ["Difference", f"{study.confidence} interval", "Adjusted p", "Seeds won"] if compared else []
    rows = [f"| {' | '.join(head)} |", "|" + "|".join(["---"] + ["--:"] * (1 + spread) + (["--:"] * 4 if compared else [])) + "|"]
    for contrast in study.measured:
        if contrast.role == "ablation":
            continue
        summary = study.results.conditions[contrast.id].metrics[study.m]
        cells = [capital(study.row(contrast)), study.value(contrast.id, "mean", "f3")]
        if spread:
            cells.append(study.value(contrast.id, "std", "f3") if summary.std is not None else "no spread")
        if compared:
            trial = next((trial for trial in study.trials if trial.treatment.id == contrast.id and trial.result is not None), None)
            cells += _difference_cells(study, trial.result) if trial and trial.result else ["reference", "", "", ""]
        rows.append(f"| {' | '.join(cells)} |")
    caption = (
        f"{capital(study.metric.label)}, mean and standard deviation over seeds, with the paired difference of each condition from {study.name(study.primary.reference)}."
        if compared
        else f"{capital(study.metric.label)} of each condition over the seeds that finished."
    )
    return "\n".join(rows) + f"\n\n: {caption} {{#tbl:main}}"


def side_table(study: Study, voice: Voice) -> str:
    """The comparisons of the plan that test no hypothesis, as a table; one alone is told in words."""
    rows = []
    for planned in study.record.plan.comparisons:
        result = study.comparison(planned.a, planned.b)
        if planned.purpose != "hypothesis" and result is not None and result.ci95_low is not None:
            one, other = study.conditions[planned.a], study.conditions[planned.b]
            rows.append(
                f"| {capital(study.label(one))} | {capital(study.label(other))} | {' | '.join(_difference_cells(study, result))} |"
            )
    if rows and study.interaction_measured:
        rows.append(f"| {' | '.join(_interaction_cells(study))} |")
    if len(rows) < 2:
        return ""
    head = [
        "Condition",
        "Compared with",
        f"Difference ({study.metric.unit})",
        f"{study.confidence} interval",
        "Adjusted p",
        "Seeds won",
    ]
    lead = voice.say(
        "side table",
        "@tbl:side collects the comparisons that test no hypothesis of their own.",
        "The further planned comparisons stand in @tbl:side.",
    )
    kinds = ["components taken out"] if any(contrast.role == "ablation" for contrast, _, _ in study.ablation_pairs) else []
    kinds += ["changes made together"] if any(contrast.role == "combination" for contrast in study.treatments) else []
    kinds += ["the interaction of the factors"] if study.interaction_measured else []
    caption = f"Further planned comparisons: {listing(kinds)}."
    table = [f"| {' | '.join(head)} |", "|---|---|" + "--:|" * 4, *rows]
    return f"{lead}\n\n" + "\n".join(table) + f"\n\n: {caption} {{#tbl:side}}"


def _interaction_cells(study: Study) -> list[str]:
    both = study.results.interaction
    return [
        "Both changes together (interaction)",
        "The sum of the separate effects",
        study.interplay("mean_diff"),
        f"{study.interplay('ci95_low')} to {study.interplay('ci95_high')}",
        "{{interaction.holm_p|p}}" if both is not None and both.holm_p is not None else "none",
        "{{interaction.wins|int}} of {{interaction.n|int}}",
    ]


def _difference_cells(study: Study, result: PairedComparison) -> list[str]:
    a, b = result.a, result.b
    return [
        study.pair("diff", a, b, "signed3"),
        study.interval(a, b) if result.ci95_low is not None else "too few seeds",
        study.test(a, b, "holm_p") if result.holm_p is not None else "none",
        f"{study.pair('wins', a, b, 'int')} of {study.pair('pairs', a, b, 'int')}",
    ]
