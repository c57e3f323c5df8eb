"""The improvement loop, told as what it is: a search on another seed, confirmed on fresh ones or not."""

from __future__ import annotations

from researchclaw.adapters.offline.writing.changes import changes_in_words
from researchclaw.adapters.offline.writing.language import Voice, listing, paragraph
from researchclaw.adapters.offline.writing.phrases import fresh_seeds, values_kept, withheld
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import Attempt, Contrast


def improvement_loop(study: Study, voice: Voice) -> str:
    """The improvement loop, told as what it is: a search on another seed, confirmed on fresh ones or not."""
    record = study.record
    if record.incumbent is None or not record.attempts:
        return ""
    incumbent = study.conditions[record.incumbent]
    name = study.name(incumbent)
    count = study.cfg("loop_attempts", "words") or "several"
    lone = len(record.attempts) == 1
    steps = _steps_differ(study)
    made = f" ({study.cfg('loop_steps', 'int')} steps)" if steps else ""
    tried = [_attempt(study, attempt, steps=steps) for attempt in record.attempts]
    signs = (
        "; a gain below zero is a loss" if any(attempt.gain is not None and attempt.gain < 0 for attempt in record.attempts) else ""
    )
    parts = [
        voice.must(
            "loop",
            f"Apart from the registered comparisons, {count} further change{' was' if lone else 's were'} tried on {name}"
            f"{'' if lone else ', each of them alone'}, with a seed that is reported nowhere else.",
            f"After the registered runs a short search started from {name}: on a development seed of its own, {count} change"
            f"{' was' if lone else 's were'} tried{'' if lone else ', each of them alone'}.",
        ),
        voice.must(
            "loop gains",
            f"Against {name} on that seed{made}, the outcome{' was' if lone else 's were'} as follows: {'; '.join(tried)}{signs}.",
            f"Set against {name} with the same seed{made}, {'this change' if lone else 'they'} came out as follows: {'; '.join(tried)}{signs}.",
        )
        if any(attempt.gain is not None for attempt in record.attempts)
        else voice.must(
            "loop same", f"What was tried, {listing(changes_in_words(record.attempts))}, changes no prediction and was not measured."
        )
        if all(attempt.verdict == "same" for attempt in record.attempts)
        else voice.must(
            "loop scoreless", f"No run of this search, with {listing(changes_in_words(record.attempts))}, ended with a score."
        ),
        _defined(study, voice),
        _kept(study, voice, incumbent),
    ]
    return paragraph(*parts)


def _attempt(study: Study, attempt: Attempt, *, steps: bool) -> str:
    """'a larger batch, 32 in the place of 16 (gain 0.012 bpb)'; an attempt without a score is said to have none, and why where it
    changes nothing.

    steps: whether its number of steps is told, too.
    """
    words = f"{listing(changes_in_words([attempt]))}{_from_to(study, attempt)}"
    gain = study.cfg(f"attempt_{attempt.number}_gain", "f3")
    made = study.cfg(f"attempt_{attempt.number}_steps", "int") if steps else None
    without = "which changes no prediction" if attempt.verdict == "same" else "no score"
    return f"{words} ({f'gain {gain} {study.metric.unit}' if gain else without}{f', {made} steps' if made else ''})"


def _from_to(study: Study, attempt: Attempt) -> str:
    """', 8 in the place of 16': the new value and the old one, by key or by label; empty where the record holds them not."""
    if len(attempt.settings) != 1 or study.record.incumbent is None:
        return ""
    (name,) = (constant.lower() for constant in attempt.settings)
    new, old = study.number(f"attempt_{attempt.number}_{name}"), study.number(f"{study.record.incumbent}_{name}") or study.number(name)
    if new and old:
        return f", {new} in the place of {old}"
    labels = next((one for one in study.record.tried if one.attempt == attempt.number), None)
    return f", {labels.after} in the place of {labels.before}" if labels and labels.after and labels.before else ""


def _steps_differ(study: Study) -> bool:
    """Whether the runs of the search made different numbers of steps, with each number on record."""
    config = study.results.config
    scored = [attempt for attempt in study.record.attempts if attempt.gain is not None]
    made = {config.get("loop_steps"), *(config.get(f"attempt_{attempt.number}_steps") for attempt in scored)}
    return None not in made and len(made) > 1


def _defined(study: Study, voice: Voice) -> str:
    """What the changes are that the rest of the paper does not explain, in the words of the kit's catalogue."""
    parts = []
    told: set[str] = set()
    for tried in study.record.tried:
        attempt = next(one for one in study.record.attempts if one.number == tried.attempt)
        if (
            tried.defined is None
            or tried.name in told
            or any(tried.name in level.settings for factor in study.factors for level in factor.levels)
        ):
            continue
        told.add(tried.name)
        keys = [f"@{key}" for key in tried.works if key in study.record.citable]
        cites = f" [{'; '.join(keys)}]" if keys else ""
        words = listing(changes_in_words([attempt]))
        parts.append(voice.must(f"loop defined {tried.attempt}", f"By {words} we mean {tried.defined}{cites}."))
    return paragraph(*parts)


def _kept(study: Study, voice: Voice, incumbent: Contrast) -> str:
    """What was kept, its size, how it did on fresh seeds, and that what it is compared with was not tuned."""
    record, name, unit = study.record, study.name(incumbent), study.metric.unit
    kept = listing(changes_in_words([attempt for attempt in record.attempts if attempt.verdict == "keep"]))
    if not kept:
        return voice.must("loop nothing", "Nothing of this was kept, and the registered conditions stand as they are.")
    result = study.comparison("tuned", incumbent.id)
    if result is None or "tuned" not in study.results.conditions:
        return paragraph(
            voice.must(
                "loop unconfirmed",
                f"What was kept, {kept}, has not been confirmed on fresh seeds and plays no part in the conclusions.",
            ),
            _on_the_test_split(study, voice, study.plain(incumbent)),
        )
    sizes = study.of("tuned", "parameters"), study.of(incumbent.id, "parameters")
    stored = "stored numbers" if study.tables else "parameters"
    same = study.results.conditions["tuned"].parameters == study.results.conditions[incumbent.id].parameters
    size = (
        f"The number of {stored} stays at {sizes[0]}."
        if same
        else f"The number of {stored} thereby changes from {sizes[1]} to {sizes[0]}."
    )
    if result.ci95_low is None:
        outcome = (
            f"On {fresh_seeds(study, incumbent)} the tuned setting has a mean of {study.value('tuned', 'mean', 'f3')} {unit}; the seeds are too few to compare "
            f"it with {name}, and it is no part of the conclusions."
        )
    else:
        outcome = (
            f"Run again on {fresh_seeds(study, incumbent)}, the tuned setting {study.cmp('tuned', incumbent.id)} {name} without this change{withheld(result)} "
            f"({study.pair('diff', 'tuned', incumbent.id, 'signed3')} {unit}, interval {study.interval('tuned', incumbent.id)}), "
            "an observation outside the registered family."
        )
    return paragraph(
        voice.must("loop kept", f"The change with the largest gain was kept: {kept}{values_kept(study, incumbent)}."),
        voice.must("loop size", size),
        voice.must("loop confirmed", outcome),
        _against_yardsticks(study, voice),
        _after_the_search(voice, name, result.verdict),
        _on_the_test_split(study, voice, study.plain(incumbent)),
    )


def _against_yardsticks(study: Study, voice: Voice) -> str:
    """The tuned setting beside the scores that need no training, where those are on record."""
    references = study.results.references
    orders = [name for name in references if name.startswith("order_")]
    known = [
        (name, label)
        for name, label in ((min(orders, key=lambda name: references[name], default=""), "the table of counts"), ("gzip", "gzip"))
        if name in references
    ]
    mean = study.results.conditions["tuned"].metrics[study.m].mean
    passed, ahead = (
        listing([f"{label} ({study.ref(name)})" for name, label in known if (study.metric.gain(mean, references[name]) > 0) == side])
        for side in (True, False)
    )
    verdict = " and ".join(part for part in (f"passes {passed}" if passed else "", f"stays behind {ahead}" if ahead else "") if part)
    if not verdict:
        return ""
    return voice.must(
        "loop yardsticks",
        f"Held against the yardsticks of @sec:data, the tuned setting, at {study.value('tuned', 'mean', 'f3')} {study.metric.unit}, {verdict}.",
        f"At {study.value('tuned', 'mean', 'f3')} {study.metric.unit} the tuned setting {verdict}, the yardsticks of @sec:data.",
    )


def _on_the_test_split(study: Study, voice: Voice, start: str) -> str:
    """The scores of beginning and end on the test split, by key; empty where nobody looked at it."""
    looks, unit = study.cfg("sealed_looks"), study.metric.unit
    if looks is None:
        return ""
    before, after, gain = (study.cfg(f"sealed_{part}", "f3") for part in ("incumbent", "tuned", "gain"))
    if before is None or after is None or gain is None:
        return voice.must(
            "loop sealed lost", "The test split was looked at, too, but not both of the models came out of that with a score."
        )
    loss = ", which is a loss" if float(study.results.config["sealed_gain"]) < 0 else ""
    return voice.must(
        "loop sealed",
        f"On the sealed test split, with one seed, {start} scores {before} {unit} and the tuned setting {after} {unit}, "
        f"a gain of {gain} {unit}{loss}.",
        f"Scored once on the sealed test split, with one seed, {start} reaches {before} {unit} and the tuned setting {after} {unit} "
        f"(gain {gain} {unit}{loss}).",
    )


def _after_the_search(voice: Voice, name: str, verdict: str) -> str:
    """What the confirmation makes of the gain that the search saw; empty where it has no verdict."""
    if verdict == "better":
        return voice.must(
            "loop untuned",
            f"It should be borne in mind that no planned condition had been tuned, {name} included.",
            f"Neither {name} nor any other planned condition had been searched for in this way, so the gain is one over untuned settings.",
        )
    if verdict == "worse":
        return voice.must(
            "loop reversed", "What looked like a gain on the development seed was thus a loss on seeds that had not chosen it."
        )
    if verdict == "not distinguishable":
        return voice.must("loop unborne", "The gain that the development seed had shown is thereby not confirmed.")
    return ""
