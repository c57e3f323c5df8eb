"""Method: what is varied and why, what was predicted, how it is judged."""

from __future__ import annotations

import re

from researchclaw.adapters.offline.writing.figure_text import figure, shown
from researchclaw.adapters.offline.writing.hypotheses import hypotheses_opening, hypotheses_refused, hypothesis_told
from researchclaw.adapters.offline.writing.judging import judging
from researchclaw.adapters.offline.writing.language import Voice, capital, listing, lowered, paragraph
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import Contrast, Factor, FigureSpec, Level, Outline


def method(study: Study, voice: Voice, outline: Outline) -> list[str]:
    blocks = ["### What is varied {#sec:factor}"]
    for factor in study.factors:
        blocks.append(_factor(study, voice, factor))
    blocks.append(_combination(study, voice))
    spec = shown(outline, "method_diagram")
    blocks.append(_conditions_table(study, voice, _diagram(study, voice, spec)))
    blocks.append(figure(spec) if spec is not None else "")
    blocks.append("### Hypotheses {#sec:hypotheses}")
    blocks.append(hypotheses_opening(study, voice))
    blocks.extend(hypothesis_told(study, voice, trial, place) for place, trial in enumerate(study.trials))
    blocks.append(hypotheses_refused(study, voice))
    blocks.append("### How a difference is judged {#sec:judging}")
    blocks.extend(judging(study, voice))
    return [block for block in blocks if block]


def _diagram(study: Study, voice: Voice, spec: FigureSpec | None) -> str:
    """What leads to the study as boxes and arrows, where the outline has it."""
    if spec is None:
        return ""
    data = "rows" if study.tables else "corpus"
    return voice.say(
        "method diagram",
        f"@fig:{spec.id} draws the way from the {data} to the comparisons.",
        f"The way of every run, from the {data} to its comparison, is drawn in @fig:{spec.id}.",
    )


def _factor(study: Study, voice: Voice, factor: Factor) -> str:
    baseline = next(level for level in factor.levels if level.is_baseline)
    return paragraph(
        voice.turn(
            "baseline level",
            f"The reference level of {factor.named} is {baseline.label}.",
            f"Where {factor.named} is concerned, the reference is {baseline.label}.",
        ),
        _level(study, voice, baseline),
        *(_level(study, voice, level) for level in _levels_of(study, factor)),
        _at_large(study, voice, factor),
    )


def _levels_of(study: Study, factor: Factor) -> list[Level]:
    found: dict[str, Level] = {}
    for contrast in study.treatments:
        for owner, level in study.levels(contrast):
            if owner.name == factor.name:
                found.setdefault(level.name, level)
    return list(found.values())


def _level(study: Study, voice: Voice, level: Level) -> str:
    """What the level does, with the works it comes from; named first where its mechanism does not name it."""
    mechanism, cites = level.mechanism.rstrip("."), _cites(study, level)
    known = {word[:5] for word in re.findall(r"[a-z]+", mechanism.lower())}
    names = [word for word in re.findall(r"[a-z]+", level.label.lower()) if len(word) > 2]
    named = sum(word[:5] in known for word in names) * 2 > len(names) if names else True
    if level.label.lower().startswith(("no ", "without ")):
        named = named or mechanism.lower().startswith("without")
    text = mechanism if named else f"With {level.label}, {lowered(mechanism)}"
    return voice.say(f"mechanism {level.name}", f"{text}{cites}.") or voice.say(
        f"mechanism {level.name}", f"With {level.label}, {lowered(mechanism)}{cites}."
    )


def _cites(study: Study, level: Level) -> str:
    keys = [f"@{work.key}" for work in study.works_of_level(level)]
    return f" [{'; '.join(keys)}]" if keys else ""


def _at_large(study: Study, voice: Voice, factor: Factor) -> str:
    keys = [f"@{work.key}" for work in study.works_at_large(factor)]
    if not keys:
        return ""
    return voice.turn(
        "at large",
        f"On {factor.named} in general see [{'; '.join(keys)}].",
        f"Works on {factor.named} at large include [{'; '.join(keys)}].",
    )


def _combination(study: Study, voice: Voice) -> str:
    combinations = [contrast for contrast in study.treatments if contrast.role == "combination"]
    if not combinations:
        return ""
    parts = []
    for contrast in combinations:
        labels = listing([level.label for _, level in study.levels(contrast)]) or contrast.label
        parts.append(_each_alone(study, voice, contrast))
        parts.append(
            voice.say(
                f"combination {contrast.id}",
                f"The condition {contrast.label} sets {labels} at the same time, which shows whether their effects add up.",
                f"To see whether the effects of {labels} add up, a further condition makes both changes at once.",
            )
        )
    return paragraph(*parts)


def _each_alone(study: Study, voice: Voice, combination: Contrast) -> str:
    """What each single change ran with: the reference level of the other factor."""
    kept = {factor.name: level.label for factor, level in study.baseline_levels}
    levels = study.levels(combination)
    if len(levels) != 2 or set(kept) != {factor.name for factor, _ in levels}:
        return ""
    (first, one), (second, other) = levels
    return voice.must(
        f"alone {combination.id}",
        f"On its own, {one.label} ran with {kept[second.name]}, and {other.label} ran with {kept[first.name]}.",
        f"Alone means with the other factor at its reference: {one.label} with {kept[second.name]}, {other.label} with {kept[first.name]}.",
    )


def _conditions_table(study: Study, voice: Voice, also: str) -> str:
    """also: a sentence that belongs to the same paragraph."""
    rows = ["| Condition | Role | What it changes |", "|---|---|---|"]
    for contrast in study.record.plan.conditions:
        rows.append(f"| {capital(study.row(contrast))} | {contrast.role} | {_change(study, contrast)} |")
    program = "program" if study.tables else "training script"
    given = any("(" in row.rpartition(" | ")[2] for row in rows[2:])
    caption = f"Conditions of the experiment and what each changes in the {program}"
    caption += f"; in brackets what stands there {study.in_the_baseline}" if given else ""
    taken = "; an ablation also has the changes of the condition that it is taken out of" if _inherits(study) else ""
    caption += f"{taken}."
    lead = voice.must(
        "conditions table",
        f"@tbl:conditions lists all conditions; each is a patch of the same {program}, and its last column holds all that it changes.",
        f"All conditions are patches of a single {program} and change nothing but what @tbl:conditions says.",
    )
    return f"{paragraph(lead, also)}\n\n" + "\n".join(rows) + f"\n\n: {caption} {{#tbl:conditions}}"


def _change(study: Study, contrast: Contrast) -> str:
    """Everything that a condition changes: levels by name, numbers with the value of the reference in brackets."""
    if contrast.role == "baseline":
        return "nothing"
    if contrast.role == "ablation":
        origin = study.conditions.get(contrast.ablates or "")
        names = dict.fromkeys((*contrast.settings, *(origin.settings if origin else ())))
        removed = [name for name in names if origin is None or contrast.settings.get(name) != origin.settings.get(name)]
        values = [value for value in (_value(study, contrast, name) for name in removed) if value]
        out = f"{contrast.removes} taken out{f' of {origin.label}' if origin else ''}"
        return f"{out}: {listing(values)}" if values else out
    levels = study.levels(contrast)
    if not levels:
        return listing([_value(study, contrast, name) or study.noun(name) for name in contrast.settings])
    changed = study.changed(contrast)
    named: list[str] = []
    told: set[str] = set()
    for factor, level in levels:
        own = [name for name in level.settings if name in changed][:1]
        told.update(own)
        numbers = [value for value in (_value(study, contrast, name) for name in own) if value]
        named.append(listing(numbers) or (_named(factor, level) if study.settings_known else factor.label))
    along = [_value(study, contrast, name) or study.noun(name) for name in changed if name not in told]
    return "; ".join((*named, *along))


def _named(factor: Factor, level: Level) -> str:
    """'position encoding: rotary embeddings (learned position embeddings)', the reference level in brackets."""
    baseline = next(one for one in factor.levels if one.is_baseline)
    return f"{factor.label}: {level.label} ({baseline.label})"


def _inherits(study: Study) -> bool:
    """Whether an ablation is taken out of a condition that has changes of its own."""
    return any(study.conditions[one.ablates].settings for one in study.ablations if one.ablates in study.conditions)


def _value(study: Study, contrast: Contrast, name: str) -> str:
    """'peak learning rate 0.02 (0.002)', both by key; empty for what is no number on record."""
    new, old = study.number(f"{contrast.id}_{name.lower()}"), study.number(name.lower())
    return f"{study.noun(name)} {new} ({old})" if new and old else ""
