"""How the rule-based researcher finds themes and gaps, and how its three roles argue before a chair."""

from __future__ import annotations

from collections.abc import Sequence

from stages.c_synthesis.hypothesis_gen import (
    Chairing,
    ChairQuestion,
    ContrastQuestion,
    Contrasts,
    DebateQuestion,
    RebuttalQuestion,
    Rebuttals,
    StatedHypothesis,
    Turn,
    Turns,
)
from stages.c_synthesis.synthesis import SynthesisQuestion
from stages.contracts import (
    Agreement,
    Contrast,
    Factor,
    Gap,
    KnowledgeCard,
    Level,
    Metric,
    Objection,
    Ruling,
    Statement,
    Synthesis,
    Theme,
)

THEME_TITLES = {
    "byte_level": "Models that read bytes",
    "language_models": "Language models and their training",
    "short_budget": "Training on a small budget",
    "scaling": "How results move with scale",
    "statistics": "Comparing models fairly",
    "reproducibility": "Variance and reproducibility",
    "evaluation": "Measuring language models",
    "compression": "Prediction as compression",
    "tuning": "Tuning and benchmarking",
}
"""Titles for the themes that are no factor of the kit; other tags are filed under their factor or left out."""

WORKS_FOR_A_THEME = 2


def synthesise(question: SynthesisQuestion) -> Synthesis:
    """Cards filed under their most relevant tag; gaps are what the study's conditions would tell and no card does."""
    factors = {factor.name: factor for factor in question.factors}
    cards = question.cards.cards
    filed: dict[str, list[str]] = {name: [] for name in (*factors, *THEME_TITLES)}
    for card in cards:
        tag = next((tag for tag in card.about if tag in factors), None)
        tag = tag or next((tag for tag in card.about if tag in THEME_TITLES), None)
        if tag:
            filed[tag].append(card.key)
    themes = tuple(
        Theme(
            id=tag,
            title=_capital(factors[tag].label) if tag in factors else THEME_TITLES[tag],
            about=(tag,),
            keys=tuple(keys),
        )
        for tag, keys in filed.items()
        if len(keys) >= WORKS_FOR_A_THEME or (tag in factors and keys)
    )
    return Synthesis(
        themes=themes or (Theme(id="all", title="The works read", about=(), keys=tuple(card.key for card in cards)),),
        agreements=tuple(line for factor in question.factors for line in _agreements(factor, cards)),
        gaps=_gaps(question.factors, cards),
    )


def _agreements(factor: Factor, cards: Sequence[KnowledgeCard]) -> tuple[Agreement, ...]:
    """Works that bear on one factor, and works that bear on rival settings of it."""
    keys = {card.key for card in cards}
    on_factor = tuple(card.key for card in cards if factor.name in card.about[:2])
    lines = []
    if len(on_factor) >= 2:
        lines.append(
            Agreement(text=f"Several works treat {factor.named} as a choice that matters.", keys=on_factor[:6], kind="agreement")
        )
    rivals = [(level, [key for key in level.works if key in keys]) for level in factor.levels]
    backed = [(level, works) for level, works in rivals if works]
    if len(backed) >= 2:
        (first, first_works), (second, second_works) = backed[:2]
        both = tuple(dict.fromkeys([*first_works[:2], *second_works[:2]]))
        if len(both) >= 2:
            lines.append(
                Agreement(
                    text=(
                        f"There are works behind {_setting(first.label)} as well as behind {_setting(second.label)}, "
                        "under conditions that differ."
                    ),
                    keys=both,
                    kind="tension",
                )
            )
    return tuple(lines)


def _gaps(factors: tuple[Factor, ...], cards: Sequence[KnowledgeCard]) -> tuple[Gap, ...]:
    gaps = []
    for factor in factors:
        rests_on = tuple(card.key for card in cards if factor.name in card.about)[:5]
        small = [card.key for card in cards if factor.name in card.about and {"byte_level", "short_budget"} & set(card.about)]
        where = "Few" if small else "None"
        gaps.append(
            Gap(
                id=f"small_scale_{factor.name}",
                text=(
                    f"{where} of the records read treat{'' if small else 's'} {factor.named} on bytes and within a small budget; "
                    "whether results from large models carry over is open."
                ),
                rests_on=tuple(small[:5]) or rests_on,
                factor=factor.name,
            )
        )
    if len(factors) == 2:
        first, second = factors
        both = [card.key for card in cards if {first.name, second.name} <= set(card.about)]
        gaps.append(
            Gap(
                id="interplay",
                text=(
                    f"{'Few' if both else 'None'} of the records read treat{'' if both else 's'} {first.named} "
                    f"together with {second.named}."
                ),
                rests_on=tuple(both[:5]),
            )
        )
    return tuple(gaps)


def _setting(label: str) -> str:
    """'No dropout' would read as a negation."""
    return f"training without {label.removeprefix('no ')}" if label.startswith("no ") else label


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# ---------------------------------------------------------------- contrasts


def contrasts(question: ContrastQuestion) -> Contrasts:
    """One factor: its levels and an ablation of the first in which it means something. Two: each alone, both, and an ablation."""
    baseline = Contrast(
        id="baseline",
        label="the baseline",
        role="baseline",
        reason="All other conditions differ from it in what their name says and in nothing else.",
    )
    if len(question.factors) == 2:
        return _factorial(question, baseline)
    factor, named = question.factors[0], question.goal.matches[0].levels
    levels = _ordered_levels(factor, named)
    places = max(1, question.max_conditions - 2)
    treatments = [_treatment(factor, level) for level in levels]
    ablation = next((found for lead in treatments[:places] if (found := _ablation(factor, lead))), None)
    chosen = (baseline, *treatments[:places], *((ablation,) if ablation and question.max_conditions > 2 else ()))
    return Contrasts(contrasts=chosen, spare=tuple(treatments[places:]))


def _ordered_levels(factor: Factor, named: tuple[str, ...]) -> list[Level]:
    """Levels that the topic names, then the common contrasts; the baseline level is no treatment."""
    by_name = {level.name: level for level in factor.levels}
    order = dict.fromkeys([*named, *factor.default_contrasts])
    return [by_name[name] for name in order if not by_name[name].is_baseline]


def _treatment(factor: Factor, level: Level) -> Contrast:
    return Contrast(
        id=level.name if level.name != "baseline" else f"{factor.name}_{level.name}",
        label=level.label,
        role="treatment",
        levels={factor.name: level.name},
        settings=level.settings,
        reason=level.mechanism,
    )


def _ablation(factor: Factor, lead: Contrast, label: str | None = None) -> Contrast | None:
    """A condition with one component taken out; None where that would change nothing of its own, or for no reason of the factor's."""
    if set(factor.ablation.settings) & set(lead.settings) or lead.levels.get(factor.name) in factor.ablation.void_for:
        return None
    return Contrast(
        id=f"{lead.id[:36]}_ablated",
        label=f"{label or lead.label} {factor.ablation.label}",
        role="ablation",
        levels=lead.levels,
        settings={**lead.settings, **factor.ablation.settings},
        removes=factor.ablation.removes,
        ablates=lead.id,
        reason=factor.ablation.reason,
    )


def _factorial(question: ContrastQuestion, baseline: Contrast) -> Contrasts:
    """Baseline, each factor's leading level alone, and both together."""
    factors, matches = question.factors, question.goal.matches
    ordered = [_ordered_levels(factor, match.levels) for factor, match in zip(factors, matches, strict=True)]
    first, second = (
        _treatment(factor, levels[min(question.round - 1, len(levels) - 1)]) for factor, levels in zip(factors, ordered, strict=True)
    )
    both = Contrast(
        id=f"{first.id[:20]}_and_{second.id[:20]}",
        label=f"{first.label} and {second.label} together",
        role="combination",
        levels={**first.levels, **second.levels},
        settings={**first.settings, **second.settings},
        reason=f"It shows whether the effects of {first.label} and {second.label} add up.",
    )
    chosen = [baseline, first, second, both]
    ablation = next((found for factor in factors if (found := _ablation(factor, both, both.label))), None)
    if ablation and question.max_conditions > len(chosen):
        chosen.append(ablation)
    levels = [_treatment(factor, level) for factor, levels in zip(factors, ordered, strict=True) for level in levels]
    spare = [treatment for treatment in levels if treatment.id not in (first.id, second.id)]
    return Contrasts(contrasts=tuple(chosen), spare=tuple(spare))


# ---------------------------------------------------------------- debate

LEAST_MARGIN = 0.01
"""Narrowest margin within which conditions count as the same, in the metric's unit: somewhat more than the standard
deviation of a paired difference over seeds, 0.007 bpb at this budget (measured 2026-11)."""


def argue(question: DebateQuestion) -> Turns:
    """The proponent states the case for each contrast, the skeptic the case against, the methodologist the pitfall."""
    found = []
    for place, contrast in enumerate(question.contrasts.debated):
        levels = _levels_of(contrast, question.factors)
        if question.role == "proponent":
            text = " ".join(level.case_for for _, level in levels)
        elif question.role == "skeptic":
            text = " ".join(level.case_against for _, level in levels)
        else:
            factor = levels[0][0]
            text = factor.confounders[place % len(factor.confounders)]
        cited = tuple(key for theme in question.synthesis.themes for key in theme.keys)
        keys = tuple(key for _, level in levels for key in level.works if key in cited)
        found.append(Turn(contrast=contrast.id, statement=Statement(role=question.role, text=text, keys=keys)))
    return Turns(turns=tuple(found))


def _levels_of(contrast: Contrast, factors: tuple[Factor, ...]) -> list[tuple[Factor, Level]]:
    return [(factor, level) for factor in factors for level in factor.levels if contrast.levels.get(factor.name) == level.name]


def answer_back(question: RebuttalQuestion) -> Rebuttals:
    """None: the cases for and against were written beside each other, and a rule has nothing to add to them."""
    return Rebuttals(rebuttals=())


def preside(question: ChairQuestion) -> Chairing:
    """One hypothesis for each treatment, in the order of the conditions: what the topic names, then what is best known.

    A hypothesis of a large effect does not lead for its size: what an extreme setting does is seldom what was asked.
    """
    stated = [_hypothesis(number, c, question) for number, c in enumerate(question.contrasts.debated, start=1)]
    chosen = {contrast.id for contrast in question.contrasts.contrasts}
    standing = [hypothesis for hypothesis in stated if hypothesis.treatment in chosen]
    named = {level for match in question.goal.matches for level in match.levels}
    by_id = {contrast.id: contrast for contrast in (*question.contrasts.contrasts, *question.contrasts.spare)}

    def rank(hypothesis: StatedHypothesis) -> tuple[bool, bool]:
        contrast = by_id[hypothesis.treatment]
        return (
            contrast.role == "combination",
            not named & set(contrast.levels.values()),
        )

    predicted = {hypothesis.treatment: hypothesis for hypothesis in stated}
    return Chairing(
        rulings=tuple(_answer(objection, predicted[objection.contrast]) for objection in question.objections),
        hypotheses=tuple(sorted(standing, key=rank)),
        rejected=tuple(hypothesis for hypothesis in stated if hypothesis.treatment not in chosen),
    )


def _answer(objection: Objection, hypothesis: StatedHypothesis) -> Ruling:
    """The skeptic is right where a loss is predicted; everything else only the paired comparison can tell."""
    granted = objection.by == "skeptic" and hypothesis.predicts == "worse"
    return Ruling(objection=objection.id, verdict="granted" if granted else "left to a comparison", text=hypothesis.ruling)


def _hypothesis(number: int, contrast: Contrast, question: ChairQuestion) -> StatedHypothesis:
    levels = _levels_of(contrast, question.factors)
    metric = question.goal.metric
    signed = sum(_signed(level) for _, level in levels)
    predicts = "same" if abs(signed) < 1e-9 else "better" if signed > 0 else "worse"
    size = round(abs(signed), 3) if predicts != "same" else max(LEAST_MARGIN, *(level.expected_size for _, level in levels))
    turns = [turn.statement for turn in question.debate if turn.contrast == contrast.id]
    in_study = contrast.id in {c.id for c in question.contrasts.contrasts}
    retrieved = dict(question.retrieved)[contrast.id]
    seen = "studied elsewhere" if any(turn.keys for turn in turns) else "not seen in the works read"
    return StatedHypothesis.model_validate(
        {
            "id": f"h{number}",
            "statement": _statement(contrast, predicts, metric, fitted=question.goal.blueprint is not None),
            "treatment": contrast.id,
            "reference": "baseline",
            "predicts": predicts,
            "predicted_size": size,
            "refuted_when": _refuted_when(predicts),
            "rationale": " ".join(level.mechanism for _, level in levels),
            "keys": tuple(dict.fromkeys(key for turn in turns for key in turn.keys)),
            "ruling": _ruling(contrast, predicts, in_study),
            "novelty": seen if retrieved else "unknown",
        }
    )


def _signed(level: Level) -> float:
    return {"better": level.expected_size, "worse": -level.expected_size, "same": 0.0}[level.expected]


def _statement(contrast: Contrast, predicts: str, metric: Metric, *, fitted: bool) -> str:
    """fitted: the kit was made for the topic, so that rows are fitted and no budget of training is shared."""
    verb = {
        "same": "leaves",
        "better": "lowers" if metric.lower_is_better else "raises",
        "worse": "raises" if metric.lower_is_better else "lowers",
    }[predicts]
    rest = f"{metric.label} where the baseline has it" if predicts == "same" else f"{metric.label} against the baseline"
    if fitted:
        return f"Using {contrast.label} {verb} {rest}, on the same rows."
    return f"Training with {contrast.label} {verb} {rest}, at an equal training budget."


def _refuted_when(predicts: str) -> str:
    if predicts == "same":
        return (
            "It is supported when the whole interval of the paired difference lies within the registered margin on either side of "
            "zero, and refuted when the interval lies wholly beyond that margin."
        )
    return "It is refuted when the interval of the paired difference lies wholly on the other side of zero."


def _ruling(contrast: Contrast, predicts: str, in_study: bool) -> str:
    if not in_study:
        return f"The chair set {contrast.label} aside, because the number of conditions is limited and stronger contrasts exist."
    if predicts == "better":
        return f"The chair let the case for {contrast.label} stand as a prediction, because a paired comparison can refute it."
    if predicts == "worse":
        return f"The chair sided with the objection to {contrast.label} and registered a loss as the prediction."
    return f"The chair found the arguments on {contrast.label} even and registered no difference as the prediction."
