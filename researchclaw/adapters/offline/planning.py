"""How the rule-based researcher designs a study, writes its code and proposes improvements."""

from __future__ import annotations

import re

from stages.contracts import Contrast, PlannedComparison
from stages.d_design.code_generation import CodeQuestion, TrainingCode
from stages.d_design.experiment_design import Design, DesignQuestion
from stages.d_design.patching import apply_settings
from stages.e_execution.iterative_refine import Proposal, Proposals, ProposeQuestion

USE_SEEDS = re.compile(r"\b(?:use\s+)?(?P<count>\d{1,2})\s+seeds?\b", re.IGNORECASE)
DROP = re.compile(r"\b(?:drop|without|remove|leave out)\s+(?P<words>[^.;,\n]+)", re.IGNORECASE)
EXCEPT = re.compile(
    r"^(?:all|every\w*|the others?|the rest)\b.*?\b(?:except|but|apart from)\b(?:\s+for)?\s+(?P<words>.+)", re.IGNORECASE
)
ADD = re.compile(r"\b(?:add|also try|include)\s+(?P<words>[^.;,\n]+)", re.IGNORECASE)


def design(question: DesignQuestion) -> Design:
    """Every treatment and the combination against the baseline; each ablation against what it ablates."""
    conditions, seeds, followed, not_understood = _heed(question)
    known = {condition.id for condition in conditions}
    comparisons = [
        PlannedComparison(a=h.treatment, b=h.reference, hypothesis=h.id, purpose="hypothesis")
        for h in question.hypotheses.hypotheses
        if h.treatment in known
    ]
    covered = {comparison.a for comparison in comparisons}
    comparisons += [
        PlannedComparison(a=c.id, b="baseline", hypothesis=None, purpose="hypothesis")
        for c in conditions
        if c.role == "treatment" and c.id not in covered
    ]
    comparisons += [
        PlannedComparison(a=c.id, b=c.ablates, hypothesis=None, purpose="ablation")
        for c in conditions
        if c.role == "ablation" and c.ablates in known
    ]
    has_ablation = any(comparison.purpose == "ablation" for comparison in comparisons)
    for both in (c for c in conditions if c.role == "combination"):
        comparisons += [
            # each factor alone is the combination with the other one taken out
            PlannedComparison(a=both.id, b=c.id, hypothesis=None, purpose="interaction" if has_ablation else "ablation")
            for c in conditions
            if c.role == "treatment" and set(c.levels.items()) < set(both.levels.items())
        ]
    if question.goal.contest:
        rivals = [c.id for c in conditions if c.role == "treatment"][:2]  # a person may have dropped one, or added a third
        if len(rivals) == 2:
            comparisons.append(PlannedComparison(a=rivals[0], b=rivals[1], hypothesis=None, purpose="interaction"))
    metric, fitted = question.goal.metric.label, question.goal.blueprint is not None
    made = "fitted" if fitted else "trained"
    return Design(
        conditions=conditions,
        comparisons=tuple(comparisons),
        seeds=seeds,
        analysis=(
            f"The outcome is {metric}, computed by a separate program from the predictions of the {made} model.",
            "All conditions share their seeds, and every comparison is made on differences within a seed.",
            "Each comparison is reported with the mean paired difference, its t interval and the count of seeds won.",
            "The family of all planned comparisons is adjusted by Holm's method.",
            *(["The interaction of both factors is a further member of that family."] if question.goal.study == "two_factors" else []),
            "A hypothesis of a gain or a loss counts as supported only when its interval excludes zero on the predicted side after "
            "adjustment.",
            "A hypothesis of no difference is supported when its whole interval lies within the registered margin and refuted when it "
            "lies wholly beyond it.",
        ),
        stopping_rules=(
            "A run whose predictions are not finite, or change with the rows beside them, is rejected."
            if fitted
            else "A run stops at once when its loss is not finite or explodes.",
            "A run that uses far more processor time than its budget is counted as failed.",
        ),
        guidance_followed=followed,
        guidance_not_understood=not_understood,
    )


def _heed(question: DesignQuestion) -> tuple[tuple[Contrast, ...], int, tuple[str, ...], tuple[str, ...]]:
    """The hypotheses' contrasts and the settings' seeds, changed as a person asked for."""
    conditions = list(question.hypotheses.contrasts)
    seeds, followed, not_understood = question.brief.seeds, [], []
    for message in question.guidance:
        heeded = False
        if found := USE_SEEDS.search(message):
            seeds, heeded = max(1, int(found["count"])), True
            followed.append(f"The number of seeds was set on a person's word: {message.strip()}")
        for match in DROP.finditer(message):
            gone = [c for c in _to_drop(match["words"], conditions, question) if c.role != "baseline"]
            left = [c for c in conditions if c not in gone and c.ablates not in {g.id for g in gone}]
            if not any(c.role == "treatment" for c in left):  # nothing to compare would remain
                continue
            conditions = left
            followed += [f"A person asked to leave out {c.label}." for c in gone]
            heeded = heeded or bool(gone)
        for match in ADD.finditer(message):
            new = [c for c in _named(match["words"], _possible(question), question) if c.id not in {k.id for k in conditions}]
            conditions += new
            followed += [f"A person asked to add {c.label}." for c in new]
            heeded = heeded or bool(new)
        if not heeded:
            not_understood.append(message.strip())
    return tuple(conditions), seeds, tuple(followed), tuple(not_understood)


def _to_drop(words: str, conditions: list[Contrast], question: DesignQuestion) -> list[Contrast]:
    """What 'drop …' names; of 'drop all conditions except …', everything else (nothing, when what is to stay is not found)."""
    spared = EXCEPT.match(words.strip())
    if spared is None:
        return _named(words, conditions, question)
    kept = {c.id for c in _named(spared["words"], conditions, question)}
    return [c for c in conditions if c.id not in kept and c.ablates not in kept] if kept else []


def _named(words: str, conditions: list[Contrast], question: DesignQuestion) -> list[Contrast]:
    """Those conditions whose id, label or level a person's text names, by whole words; 'relu2' does not name 'relu'."""
    text = f" {_plain(words)} "
    for name in sorted({n for c in (*conditions, *_possible(question)) for n in _names(c)}, key=len, reverse=True):
        text = text.replace(f" {name} ", f" <{name.replace(' ', '_')}> ")  # taken: a shorter name inside it is not meant
    found = [c for c in conditions if any(f"<{name.replace(' ', '_')}>" in text for name in _names(c))]
    return found or [c for c in conditions if any(_plain(words) in name.split() for name in _names(c))]


def _names(condition: Contrast) -> set[str]:
    return {_plain(name) for name in (condition.id, condition.label, *condition.levels.values())}


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("-", " ").replace("_", " ").split())


def _possible(question: DesignQuestion) -> list[Contrast]:
    """Every level of the studied factors as a condition."""
    return [
        Contrast(
            id=level.name,
            label=level.label,
            role="treatment",
            levels={factor.name: level.name},
            settings=level.settings,
            reason=level.mechanism,
        )
        for factor in question.factors
        for level in factor.levels
        if not level.is_baseline
    ]


def write_code(question: CodeQuestion) -> TrainingCode:
    """train.py with the condition's constants replaced and nothing else touched."""
    return TrainingCode(train_py=apply_settings(question.train_py, question.condition.settings))


def propose(question: ProposeQuestion) -> Proposals:
    """Single changes of constants that the study does not vary, the most useful constants first."""
    proposals = []
    for name, literals in question.tunable.items():
        if name in question.studied:
            continue
        current = question.current[name]
        literal = next((literal for literal in literals if literal != current), None)
        if literal is not None:
            proposals.append(Proposal(change=f"{name} {current} -> {literal}", settings={name: literal}))
    return Proposals(proposals=tuple(proposals[: question.at_most]))
