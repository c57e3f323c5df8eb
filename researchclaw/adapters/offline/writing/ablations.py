"""Ablations and the interplay of factors: what a component, or a change made together with another, adds."""

from __future__ import annotations

from researchclaw.adapters.offline.writing.comparison_tables import side_table
from researchclaw.adapters.offline.writing.figure_text import figure, shown
from researchclaw.adapters.offline.writing.improvement import improvement_loop
from researchclaw.adapters.offline.writing.language import Voice, capital, listing, paragraph, singular
from researchclaw.adapters.offline.writing.phrases import only_adjusted, withheld, worth_stating
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import Contrast, Outline, PairedComparison


def ablations(study: Study, voice: Voice, outline: Outline) -> list[str]:
    blocks = []
    for ablation, origin, result in study.ablation_pairs:
        blocks.append(_ablation(study, voice, ablation, origin, result))
    blocks.append(_lost_ablations(study, voice))
    blocks.append(side_table(study, voice))
    spec = shown(outline, "ablation_forest")
    lead = (
        voice.say(
            "ablation figure",
            f"@fig:{spec.id} sets these comparisons beside each other.",
            f"The comparisons of this section are drawn in @fig:{spec.id}.",
        )
        if spec is not None
        else ""
    )
    blocks.append(paragraph(_interplay(study, voice), lead))
    blocks.append(figure(spec) if spec is not None else "")
    blocks.append(improvement_loop(study, voice))
    return [block for block in blocks if block] or [
        "The plan contains no condition from which a component was taken out, so the share of single components in the result is not known."
    ]


def _lost_ablations(study: Study, voice: Voice) -> str:
    """Planned ablations that could not be set against the condition that they were taken from."""
    compared = {ablation.id for ablation, _, _ in study.ablation_pairs}
    parts = []
    for ablation in study.ablations:
        origin = study.conditions.get(ablation.ablates or "")
        if ablation.id in compared or origin is None:
            continue
        missing = [study.name(contrast) for contrast in (origin, ablation) if not study.has_value(contrast.id)]
        why = f"no run of {listing(missing)} ended with a score" if missing else "they share no seed that finished"
        parts.append(
            voice.must(
                f"ablation lost {ablation.id}",
                f"{capital(study.plain(ablation))} was to be set against {study.plain(origin)}; this could not be done, because {why}.",
            )
        )
    return paragraph(*parts)


def _ablation(study: Study, voice: Voice, ablation: Contrast, origin: Contrast, result: PairedComparison) -> str:
    a, b = ablation.id, origin.id
    removed = ablation.removes or ablation.label
    parts = []
    if result.ci95_low is None:
        parts.append(
            f"The means are {study.value(a, 'mean', 'f3')} {study.metric.unit} for {ablation.label} and {study.value(b, 'mean', 'f3')} {study.metric.unit} for {study.name(origin)}; with so few seeds they are not compared."
        )
        return paragraph(*parts)
    interval = f"{study.pair('ci_low', a, b, 'signed3')} to {study.pair('ci_high', a, b, 'signed3')}"
    parts.append(
        voice.say(
            f"ablation {a}",
            f"With {removed} taken out, {study.plain(ablation)} {study.cmp(a, b)} {study.plain(origin)}, with a paired difference of {study.pair('diff', a, b, 'signed3')} {study.metric.unit} (interval {interval}).",
            f"Taking {removed} out of {study.name(origin)} moves the score by {study.pair('diff', a, b, 'signed3')} {study.metric.unit} (interval {interval}): {study.plain(ablation)} {study.cmp(a, b)} {study.plain(origin)}.",
        )
    )
    steps = {name: study.results.conditions[name].steps for name in (a, b)}
    if steps[a] != steps[b]:
        parts.append(
            voice.must(
                "ablation steps",
                f"The comparison is not at equal steps: {study.of(a, 'steps')} fit into the budget with {removed} taken out, {study.of(b, 'steps')} before.",
                f"The sides differ in the number of updates as well: {study.of(a, 'steps')} with {removed} taken out, against {study.of(b, 'steps')}.",
            )
        )
    parts.append(_resolved(study, voice, result, removed))
    parts.append(_without_the_reference(study, voice, ablation, origin))
    return paragraph(*parts)


def _resolved(study: Study, voice: Voice, result: PairedComparison, removed: str) -> str:
    """What an ablation without a verdict leaves open; an interval that leaves out zero has a wording of its own."""
    a, b = result.a, result.b
    if only_adjusted(result):
        p = f" (adjusted p {study.test(a, b, 'holm_p')})" if result.holm_p is not None else ""
        return voice.must(
            f"ablation withheld {a}",
            f"The unadjusted interval excludes zero; after adjustment for {study.cfg('comparisons', 'int')} comparisons{p} the evidence does "
            f"not suffice for a verdict on {removed}.",
            f"Here the adjustment decides: the interval alone excludes zero, and with {study.cfg('comparisons', 'int')} comparisons in the family{p} "
            f"the evidence on {removed} does not suffice.",
        )
    if result.verdict != "not distinguishable" or not worth_stating(result.mde) or result.abs_mean_diff >= (result.mde or 0.0):
        return ""
    mde = f"{study.pair('mde', a, b, 'f3')} {study.metric.unit}"
    return voice.say(
        f"ablation resolution {a}",
        f"The interval takes in zero, and effects of {removed} below {mde} could have escaped this test.",
        f"Zero lies within the interval; an effect of {removed} smaller than {mde} could have been missed.",
    )


def _without_the_reference(study: Study, voice: Voice, ablation: Contrast, origin: Contrast) -> str:
    """That an ablation in one arm says nothing of the difference between the arms.

    Empty where the reference was run without the component, too, or where the record does not show whether it was.
    """
    out = {name: literal for name, literal in ablation.settings.items() if origin.settings.get(name) != literal}
    config = study.results.config
    had = any(config.get(name.lower()) != config.get(f"{ablation.id}_{name.lower()}") for name in out)
    alone = any(one.settings == out or one.ablates == study.baseline.id for one in study.record.plan.conditions)
    if not had or alone or origin.id == study.baseline.id:
        return ""
    removed = ablation.removes or ablation.label
    pair = f"{study.name(origin)} and {study.name(study.baseline)}"
    return voice.must(
        f"ablation reach {origin.id}",
        f"Whether the difference between {pair} depends on {removed} was not tested, since the reference was run with "
        f"{'it' if singular(removed) else 'them'} only.",
        f"About the difference between {pair} this says nothing: no run of the reference goes without {removed}.",
    )


def _interplay(study: Study, voice: Voice) -> str:
    """Combinations against their parts, rivals against each other, and whether the effects add up."""
    parts = []
    for planned in study.record.plan.comparisons:
        result = study.comparison(planned.a, planned.b)
        a, b = study.conditions[planned.a], study.conditions[planned.b]
        joint = planned.purpose != "hypothesis" and a.role == "combination"
        if not (joint or planned.purpose == "interaction") or result is None or result.ci95_low is None:
            continue
        if a.role == "combination":
            parts.append(_on_top(study, voice, a, b))
        else:
            parts += [_contest(study, voice, a, b), _unmatched(study, voice, a, b)]
    return paragraph(*parts, _additivity(study, voice))


def _on_top(study: Study, voice: Voice, a: Contrast, b: Contrast) -> str:
    """What the second change adds to the first."""
    diff, interval = _difference(study, a, b)
    added = [factor.named for factor, level in study.levels(a) if b.levels.get(factor.name) != level.name]
    return voice.say(
        f"interplay {a.id} {b.id}",
        f"Changing {listing(added) or 'more'} on top of {study.name(b)} gives {diff} {study.metric.unit} ({interval}); in words, {study.plain(a)} {study.cmp(a.id, b.id)} {study.plain(b)}{_adjusted(study, a, b)}.",
        f"{capital(study.plain(a))} {study.cmp(a.id, b.id)} {study.plain(b)}{_adjusted(study, a, b)} ({diff} {study.metric.unit}, interval {interval}).",
    )


def _contest(study: Study, voice: Voice, a: Contrast, b: Contrast) -> str:
    diff, interval = _difference(study, a, b)
    return voice.must(
        f"contest {a.id} {b.id}",
        f"The contest itself rests on a paired difference of {diff} {study.metric.unit} ({interval}): {study.plain(a)} {study.cmp(a.id, b.id)} {study.plain(b)}{_adjusted(study, a, b)}.",
        f"In the contest itself the rivals differ by {diff} {study.metric.unit} ({interval}), so that {study.plain(a)} {study.cmp(a.id, b.id)} {study.plain(b)}{_adjusted(study, a, b)}.",
    )


def _adjusted(study: Study, a: Contrast, b: Contrast) -> str:
    """Why the verdict on a pair is withheld although its interval leaves out zero; empty elsewhere."""
    result = study.comparison(a.id, b.id)
    return "" if result is None else withheld(result)


def _difference(study: Study, a: Contrast, b: Contrast) -> tuple[str, str]:
    """(mean, interval) of a paired difference, by key."""
    low, high = study.pair("ci_low", a.id, b.id, "signed3"), study.pair("ci_high", a.id, b.id, "signed3")
    return study.pair("diff", a.id, b.id, "signed3"), f"{low} to {high}"


def _additivity(study: Study, voice: Voice) -> str:
    """Whether the effects of two factors add up; empty where one was studied."""
    if len(study.factors) != 2:
        return ""
    both = study.results.interaction
    if both is None or both.ci95_low is None:
        if not study.compared:
            return ""
        lost = [study.name(contrast) for contrast in (study.baseline, *study.treatments) if not study.has_value(contrast.id)]
        why = f"no run of {listing(lost)} ended with a score" if lost else "too few seeds have a score of each condition"
        return voice.must("interplay lost", f"Whether the effects of {study.about} add up cannot be said, because {why}.")
    one, other = (factor.named for factor in study.factors)
    value, span = study.interplay("mean_diff"), f"{study.interplay('ci95_low')} to {study.interplay('ci95_high')}"
    adjusted = ", adjusted p {{interaction.holm_p|p}}" if both.holm_p is not None else ""
    if both.verdict in {"better", "worse"}:
        return voice.say(
            "interaction",
            f"The joint effect of {one} and {other} departs from the sum of the separate ones by {value} {study.metric.unit} ({span}{adjusted}), so the factors cannot be judged apart.",
            f"Their effects do not add up: the excess of the joint condition over the sum is {value} {study.metric.unit} ({span}{adjusted}), which ties {one} to {other}.",
        )
    if only_adjusted(both):
        return voice.must(
            "interaction",
            f"The joint effect of {one} and {other} departs from the sum of the separate ones by {value} {study.metric.unit} ({span}{adjusted}): "
            "the interval alone leaves out zero, and after adjustment the evidence does not suffice to rule plain addition out.",
        )
    return voice.say(
        "interaction",
        f"The joint effect of {one} and {other} departs from the sum of the separate ones by {value} {study.metric.unit}, and with an interval of {span}{adjusted}, plain addition is not ruled out.",
        f"Whether {one} and {other} reinforce each other stays open, since the departure from plain addition is {value} {study.metric.unit} with an interval of {span}{adjusted}.",
    )


def _unmatched(study: Study, voice: Voice, a: Contrast, b: Contrast) -> str:
    """Where rivals differ in size or in steps, the contest is one of whole settings; empty where they do not."""
    one, other = study.results.conditions[a.id], study.results.conditions[b.id]
    facts = []
    for field, noun in (("parameters", "stored numbers" if study.tables else "parameters"), ("steps", "steps")):
        if getattr(one, field) != getattr(other, field):
            facts.append(f"{study.of(a.id, field)} and {study.of(b.id, field)} {noun}")
    if not facts:
        return ""
    return voice.must(
        f"unmatched {a.id} {b.id}",
        f"The rivals are not matched: {study.name(a)} and {study.name(b)} have {listing(facts, 'as well as')} respectively, so the contest is one of {'whole methods' if study.tables else 'equal time only'}.",
    )
