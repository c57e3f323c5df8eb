"""What the scores mean to somebody who trains such models."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from researchclaw.adapters.offline.analysts.view import PAIRS_NEEDED, Said, Speaker, View
from stages.contracts import ConditionResult
from stages.f_analysis.results import TUNED

COMPRESSORS = {"gzip": "gzip", "xz": "xz"}
"""References that are general-purpose compressors, by name; the others have names that a sentence cannot carry."""

SAME_COST = 0.05
"""Relative difference in steps below which two conditions cost the same; the timing behind it varies by 3 % between measurements."""


def _cost(view: View) -> Iterator[Said]:
    """Conditions that pay for a step with the number of steps; a fit to rows of a table has no steps."""
    if view.question.goal.blueprint is not None:
        return
    base = view.reported[view.baseline]
    change = {name: condition.steps / base.steps - 1 for name, condition in sorted(view.reported.items()) if name != view.baseline}
    most = max(change, key=lambda name: abs(change[name]), default=None)
    if most is None:
        return
    if abs(change[most]) <= SAME_COST:
        yield (
            f"{view.opening(most)}, like every other condition, makes nearly as many optimisation steps within the budget of "
            f"{{{{cfg.budget_s}}}} s as {view.label(view.baseline)}; scores differ by what is learned per step, not by speed.",
            None,
        )
        return
    fewer = change[most] < 0
    share = "takes longer, so fewer of them" if fewer else "is quicker, so more of them"
    yield (
        f"A step with {view.label(most)} {share} fit into the same budget ({{{{{most}.steps|int}}}} against "
        f"{{{{{view.baseline}.steps|int}}}} for {view.label(view.baseline)}); the score already includes that "
        f"{'price' if fewer else 'saving'}.",
        None,
    )


def _compressors(view: View) -> Iterator[Said]:
    """Where the scores stand beside programs that learn nothing in advance."""
    known = {name: view.results.references[name] for name in COMPRESSORS if name in view.results.references}
    if view.metric.unit != "bpb" or not known:
        return
    means = {name: view.summary(name).mean for name in sorted(view.reported)}
    leader = min(means, key=lambda name: means[name])
    score = f"{view.of(leader, 'mean')}{view.unit()}"
    passed = sorted((name for name in known if means[leader] < known[name]), key=lambda name: known[name])
    ahead = sorted((name for name in known if means[leader] >= known[name]), key=lambda name: -known[name])
    if not passed:
        yield (
            f"The lowest mean of all, {score} for {view.label(leader)}, stays above what {COMPRESSORS[ahead[0]]} reaches on the same "
            f"text ({{{{ref.{ahead[0]}|f3}}}}); within this budget no condition becomes a strong model of the data.",
            None,
        )
    elif ahead:
        yield (
            f"At {score}, the runs with {view.label(leader)} need fewer bits than {COMPRESSORS[passed[0]]} "
            f"({{{{ref.{passed[0]}|f3}}}}) but more than {COMPRESSORS[ahead[0]]} ({{{{ref.{ahead[0]}|f3}}}}), "
            "so the study moves between a weak and a strong compressor.",
            None,
        )
    else:
        yield (
            f"With {score}, the runs with {view.label(leader)} need fewer bits than any of the general-purpose compressors, of which "
            f"{COMPRESSORS[passed[0]]} comes nearest ({{{{ref.{passed[0]}|f3}}}}).",
            None,
        )


def _still_learning(view: View) -> Iterator[Said]:
    """Whether the budget ended the training or the learning did."""
    gains = [gain for condition in view.reported.values() if (gain := _last_gain(view, condition)) is not None]
    if len(gains) < len(view.reported) or view.primary is None:
        return
    effect = view.primary.abs_mean_diff
    if min(gains) > effect:
        yield (
            "Every learning curve still moves at the end of the budget, and its last stretch alone changes the score by more than "
            f"the primary comparison does ({view.between('absdiff', view.primary, 'f3')}{view.unit()}); a longer budget could "
            "reorder the conditions.",
            view.primary_key,
        )
    elif max(gains) < effect and view.primary.verdict in {"better", "worse"}:
        yield (
            "Between the last two checkpoints every learning curve moves by less than the primary difference of "
            f"{view.between('absdiff', view.primary, 'f3')}{view.unit()}; stopping one checkpoint earlier would hardly change it.",
            view.primary_key,
        )


def _last_gain(view: View, condition: ConditionResult) -> float | None:
    steps = sorted(condition.curve, key=int)
    if len(steps) < 3:
        return None
    return view.metric.gain(condition.curve[steps[-1]].mean, condition.curve[steps[-2]].mean)


def _crossing(view: View) -> Iterator[Said]:
    """Whether the one that leads at the end led all along; checkpoints are matched by their place in the budget."""
    found = view.primary
    if found is None:
        return
    a, b = (view.results.conditions[name].curve for name in (found.a, found.b))
    gaps = [a[x].mean - b[y].mean for x, y in zip(sorted(a, key=int), sorted(b, key=int), strict=False)]
    # The first checkpoint holds untrained weights.
    gaps = gaps[1:]
    if len(a) != len(b) or len(gaps) < 3 or gaps[-1] == 0:
        return
    pair = f"{view.label(found.a)} and {view.label(found.b)}"
    ends = f"{view.of(found.a, 'mean')} and {view.of(found.b, 'mean')}{view.unit()}"
    changes = sum(before * after < 0 for before, after in pairwise(gaps))
    if changes == 0:
        yield (
            f"The mean curves of {pair} keep their order from the first trained checkpoint to the final scores of {ends}.",
            view.primary_key,
        )
    elif changes == 1:
        yield (
            f"The mean curves of {pair} cross during training before they arrive at {ends}: which of them leads depends on the "
            "length of the budget.",
            view.primary_key,
        )
    else:
        yield (
            f"The mean curves of {pair} cross repeatedly on the way to {ends}, as they do when noise decides who leads.",
            view.primary_key,
        )


def _ablated(view: View) -> Iterator[Said]:
    """What a component contributes, by the comparison that takes it out."""
    contrasts = {contrast.id: contrast for contrast in view.question.plan.conditions}
    for key in sorted(view.ablations & view.planned.keys()):
        found = view.planned[key]
        component = contrasts[found.a].removes or contrasts[found.b].removes
        if component is None:
            continue
        diff = f"{view.between('diff', found, 'signed3')}{view.unit()}"
        if found.verdict in {"better", "worse"}:
            yield (
                f"The ablation shows that {component} matters here: {view.label(found.a)} {view.between('cmp', found, 'words')} "
                f"{view.label(found.b)} ({diff}).",
                key,
            )
        elif found.n < PAIRS_NEEDED:
            yield (
                f"For a verdict on what {component} contributes there are too few shared seeds; they show a difference of {diff}.",
                key,
            )
        else:
            yield (
                f"Whether {component} contributes anything stays open, since the ablated and the full condition differ by {diff}, "
                "which these seeds cannot tell from zero.",
                key,
            )


def _tuned(view: View) -> Iterator[Said]:
    """What was left of the loop's winner on fresh seeds."""
    for key, by_metric in sorted(view.results.comparisons.items()):
        found = by_metric[view.metric.name]
        if found.a != TUNED:
            continue
        diff = f"{view.between('diff', found, 'signed3')}{view.unit()}"
        if found.verdict in {"better", "worse"}:
            yield (
                f"On seeds that played no part in the search, the tuned setting {view.between('cmp', found, 'words')} "
                f"{view.label(found.b)} ({diff}).",
                key,
            )
        elif found.n < PAIRS_NEEDED:
            yield (
                f"The search's winner was tried again on too few fresh seeds for a verdict; there it differs from "
                f"{view.label(found.b)} by {diff}.",
                key,
            )
        else:
            yield (
                f"The search's winner does not stand the confirmation on fresh seeds: its difference from {view.label(found.b)} is "
                f"{diff}, without a verdict.",
                key,
            )


DOMAIN_READER: tuple[Speaker, ...] = (_cost, _compressors, _still_learning, _crossing, _ablated, _tuned)
