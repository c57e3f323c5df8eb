"""What speaks against reading much into the results."""

from __future__ import annotations

from collections.abc import Iterator

from researchclaw.adapters.offline.analysts.view import PAIRS_NEEDED, Said, Speaker, View


def _against_detectable(view: View) -> Iterator[Said]:
    """Called effects near the limit of what can be found are overestimates on average; clear ones are not."""
    called = {key: c for key, c in sorted(view.planned.items()) if c.verdict in {"better", "worse"} and c.mde is not None}
    if not called:
        if any(c.n >= PAIRS_NEEDED for c in view.planned.values()):
            key, widest = max(sorted(view.planned.items()), key=lambda item: item[1].abs_mean_diff)
            if widest.abs_mean_diff == 0:
                return
            yield (
                f"No planned comparison shows a clear difference, not even {view.label(widest.a)} against {view.label(widest.b)}, "
                f"whose means lie furthest apart ({view.between('diff', widest, 'signed3')}{view.unit()}); "
                "the ranking of the means must not be read as a result.",
                key,
            )
        return
    weak = {key: c for key, c in called.items() if c.abs_mean_diff < (c.mde or 0.0)}
    if weak:
        key, c = min(weak.items(), key=lambda item: item[1].abs_mean_diff / (item[1].mde or 1.0))
        yield (
            f"The difference between {view.label(c.a)} and {view.label(c.b)}, {view.between('absdiff', c, 'f3')}{view.unit()}, is "
            f"called clear although it lies below the detectable {view.between('mde', c, 'f3')}; estimates that pass a test from "
            "there are too large on average.",
            key,
        )
        return
    key, c = min(called.items(), key=lambda item: item[1].abs_mean_diff / (item[1].mde or 1.0))
    yield (
        "Every clear difference exceeds what this number of seeds detects reliably; nearest to that limit is "
        f"{view.label(c.a)} against {view.label(c.b)}, with {view.between('absdiff', c, 'f3')} against "
        f"{view.between('mde', c, 'f3')}{view.unit()}.",
        key,
    )


def _against_spread(view: View) -> Iterator[Said]:
    """Whether the primary effect would be seen without pairing."""
    found = view.primary
    if found is None or found.n < 2:
        return
    std = view.summary(found.b).std
    if std is None or found.sd_diff is None:
        return
    sizes = f"({view.between('absdiff', found, 'f3')} against a standard deviation of {view.of(found.b, 'std')}{view.unit()})"
    if found.abs_mean_diff < std:
        yield (
            f"The primary difference is smaller than the scatter of {view.label(found.b)} over seeds {sizes}, so a "
            "practitioner who trains once would not notice it.",
            view.primary_key,
        )
    elif found.sd_diff > std:
        yield (
            "Pairing gains nothing for the primary comparison: its paired differences scatter more "
            f"({view.between('sd', found, 'f3')}) than the scores of {view.label(found.b)} themselves "
            f"({view.of(found.b, 'std')}{view.unit()}).",
            view.primary_key,
        )


def _failures(view: View) -> Iterator[Said]:
    if view.results.config["runs_failed"]:
        yield (
            "Of the {{cfg.runs_reported}} reported runs, {{cfg.runs_failed}} did not end well; if they failed because of the "
            "condition and not by chance, the seeds that remain flatter it.",
            None,
        )


def _guess(view: View) -> Iterator[Said]:
    """Predictions that the data contradict, and sizes that were guessed far off."""
    stated = {hypothesis.id: hypothesis for hypothesis in view.question.hypotheses.hypotheses}
    for finding in view.question.findings:
        found = view.planned.get(finding.comparison)
        if found is None:
            continue
        hypothesis = stated[finding.hypothesis]
        pair = f"{view.label(found.a)} against {view.label(found.b)}"
        if finding.verdict == "contradicted":
            yield (
                f"The prediction about {pair} was wrong, and the explanation given for it before the runs should not be kept alive: "
                f"the measured difference is {view.between('diff', found, 'signed3')}{view.unit()}.",
                finding.comparison,
            )
        elif (
            finding.verdict == "supported"
            and hypothesis.predicts != "same"
            and 0 < hypothesis.predicted_size < found.abs_mean_diff / 2
        ):
            yield (
                f"The direction of {pair} was foreseen but not its size, {view.between('absdiff', found, 'f3')}{view.unit()}, far "
                "larger than guessed; the mechanism named beforehand may not be the only one at work.",
                finding.comparison,
            )


def _shared_settings(view: View) -> Iterator[Said]:
    """A learning rate that suits the baseline may not suit the treatment."""
    config = view.results.config
    if "learning_rate" not in config or any(f"{name}_learning_rate" in config for name in view.reported):
        return
    others = [view.label(name) for name in sorted(view.reported) if view.reported[name].role == "treatment"]
    if not others:
        return
    yield (
        f"The learning rate of {{{{cfg.learning_rate}}}} is that of {view.label(view.baseline)} and was not tuned for "
        f"{' or '.join(others)}; a condition that needs another one is judged at a disadvantage that the design cannot see.",
        None,
    )


def _few_seeds(view: View) -> Iterator[Said]:
    found = view.primary
    if found is None or found.n < PAIRS_NEEDED or found.n >= 6:
        return
    yield (
        f"With {view.between('pairs', found, 'words')} shared seeds, the interval for {view.label(found.a)} against "
        f"{view.label(found.b)} leans on normally distributed differences, which so few values cannot check.",
        view.primary_key,
    )


DEVILS_ADVOCATE: tuple[Speaker, ...] = (_against_detectable, _against_spread, _failures, _guess, _shared_settings, _few_seeds)
