"""What the words of the topic ask for beyond the main comparison: which level it shall be, or a change under two circumstances."""

from __future__ import annotations

import re
from dataclasses import dataclass

from researchclaw.adapters.offline.writing.language import capital, listing
from researchclaw.adapters.offline.writing.reading import Study, Trial
from stages.contracts import Contrast, Factor, Level

_WHICH = re.compile(
    r"\W*(?:which|how (?:many|much|large|big|small|long|short|deep|wide|high|low|strong|often)"
    r"|what (?:number|size|value|amount|depth|width|rate|kind|(?:is|are) the (?:best|right)))\b",
    re.IGNORECASE,
)
"""How a topic begins that asks for a level: 'How many heads …?', 'Which optimiser …?'; 'How does …?' asks for an effect."""

_EITHER_WAY = re.compile(r"\bwith (?:and|or) without\b|\bwith/without\b", re.IGNORECASE)


@dataclass(frozen=True)
class Choice:
    """The levels of the one factor, sorted by what was registered about each: its comparison with the reference."""

    reference: Contrast
    better: tuple[Trial, ...]
    alike: tuple[Trial, ...]
    """Not told apart."""
    worse: tuple[Trial, ...]
    order: tuple[Contrast, ...]
    """Reference and alternatives, best mean first."""


def choice(study: Study) -> Choice | None:
    """What answers a topic that asks for a level; None where it asks something else, or where some level has no verdict."""
    if len(study.factors) != 1 or _WHICH.match(study.record.goal.topic) is None:
        return None
    reference = study.baseline
    trials = [trial for trial in study.trials if trial.treatment.role == "treatment"]
    told = {trial.treatment.id for trial in trials if trial.outcome != "uncompared" and trial.reference.id == reference.id}
    if len(trials) < 2 or told != {contrast.id for contrast in study.treatments}:
        return None

    def gain(contrast: Contrast) -> float:
        return study.metric.gain(study.results.conditions[contrast.id].metrics[study.m].mean, 0.0)

    by_gain = sorted(trials, key=lambda trial: gain(trial.treatment), reverse=True)
    return Choice(
        reference=reference,
        better=tuple(trial for trial in by_gain if trial.clear and trial.result and trial.result.verdict == "better"),
        alike=tuple(trial for trial in by_gain if not trial.clear),
        worse=tuple(trial for trial in by_gain if trial.clear and trial.result and trial.result.verdict == "worse"),
        order=tuple(sorted((reference, *(trial.treatment for trial in trials)), key=gain, reverse=True)),
    )


def answer(study: Study, found: Choice) -> str:
    """The level to take and how each other one stands to the reference, without a period."""
    base, here = study.label(found.reference), capital(study.here)
    rest: list[tuple[str, tuple[Trial, ...]]] = []
    if found.better:
        first, *more = found.better
        lead = f"{here} the answer is {study.label(first.treatment)}: {study.plain(first.treatment)} {study.cmp(first.treatment.id, found.reference.id)} {base} ({_gap(study, first)})"
        rest.append(("better than it, too, though not compared with that one", tuple(more)))
    elif found.worse:
        lead = f"{here} the answer is {base}"
    else:
        lead = f"{here} these seeds give no answer"
    than_base = "" if found.worse and not found.better else f" than {base}"
    rest += [
        (f"not told apart from {base if found.better or not found.worse else 'it'}", found.alike),
        (f"clearly worse{than_base}", found.worse),
    ]
    told = [
        f"{what}: {listing([f'{study.label(one.treatment)} ({_gap(study, one)})' for one in trials])}"
        for what, trials in rest
        if trials
    ]
    return "; ".join((lead, *told))


def taken(study: Study, found: Choice) -> str:
    """'attention with 2 heads or attention with a single head, and not attention with 8 heads': the answer without values."""
    base = study.label(found.reference)
    alike, worse = ([study.label(one.treatment) for one in trials] for trials in (found.alike, found.worse))
    if found.better:
        first, *more = [study.label(one.treatment) for one in found.better]
        others = f", with {listing(more)} ahead of {base} as well" if more else ""
        return f"{first}, and not {listing([base, *alike, *worse], 'or')}{others}"
    either = listing([base, *alike], "or")
    between = ", between which these seeds do not decide" if alike else ""
    return f"{either}{between}{', and not ' if alike else ' and not '}{listing(worse, 'or')}" if worse else f"{either}{between}"


def order(study: Study, found: Choice) -> str:
    """'attention with 2 heads (3.092 bpb), attention with a single head (3.103) and …', best mean first."""
    first, *others = found.order
    means = [f"{study.label(first)} ({study.value(first.id, 'mean', 'f3')} {study.metric.unit})"]
    means += [f"{study.label(one)} ({study.value(one.id, 'mean', 'f3')})" for one in others]
    return listing(means)


def _gap(study: Study, trial: Trial) -> str:
    return f"{study.pair('diff', trial.treatment.id, trial.reference.id, 'signed3')} {study.metric.unit}"


# ---------------------------------------------------------------- a change, with and without another


@dataclass(frozen=True)
class EitherWay:
    """The change that is asked about, at the reference level of the circumstance and at another one."""

    asked: Factor
    circumstance: Factor
    change: Level
    usual: Level
    """The reference level of what is asked about."""
    here: Level
    """The reference level of the circumstance."""
    there: Level
    alone: tuple[Contrast, Contrast]
    """(with the change, the reference), both at `here`."""
    under: tuple[Contrast, Contrast]
    """(with the change, without it), both at `there`."""

    @property
    def prints(self) -> tuple[str, str]:
        """'with a short warm-up', 'without warm-up'."""
        return _with(self.here.label), _with(self.there.label)


def either_way(study: Study) -> EitherWay | None:
    """Both simple effects that 'does A help, with and without B?' asks for; None for another topic or where one was not measured."""
    goal = study.record.goal
    found = _EITHER_WAY.search(goal.topic)
    if found is None or goal.contest or len(study.factors) != 2 or len(goal.matches) != 2:
        return None
    # 'with and without warm-up': the circumstance is the factor that is named next
    places = {
        match.factor: min((place for word in match.words if (place := goal.topic.find(word, found.start())) >= 0), default=-1)
        for match in goal.matches
    }
    named = [factor for factor in study.factors if places[factor.name] >= 0]
    if not named:
        return None
    circumstance = min(named, key=lambda factor: places[factor.name])
    asked = next(factor for factor in study.factors if factor is not circumstance)
    both = next((one for one in study.treatments if one.role == "combination"), None)
    lone = {next(iter(one.levels)): one for one in study.treatments if one.role == "treatment" and len(one.levels) == 1}
    if both is None or lone.keys() != {asked.name, circumstance.name}:
        return None
    change, there = lone[asked.name], lone[circumstance.name]
    pairs = ((change, study.baseline), (both, there))
    if both.levels != {**change.levels, **there.levels} or not all(_measured(study, a, b) for a, b in pairs):
        return None
    return EitherWay(
        asked=asked,
        circumstance=circumstance,
        change=_level(asked, change.levels[asked.name]),
        usual=_reference_level(asked),
        here=_reference_level(circumstance),
        there=_level(circumstance, there.levels[circumstance.name]),
        alone=pairs[0],
        under=pairs[1],
    )


def simple_effects(study: Study, found: EitherWay) -> tuple[str, str]:
    """Both effects of the change with their intervals, in two wordings without a period."""
    here, there = found.prints
    change, usual = found.change.label, found.usual.label
    (a, base), (both, other) = found.alone, found.under
    first, second = (f"{study.cmp(one.id, two.id)}" for one, two in (found.alone, found.under))
    size, later = (
        f"{study.pair('diff', one.id, two.id, 'signed3')} {study.metric.unit}, {study.confidence} interval {study.interval(one.id, two.id)}"
        for one, two in ((a, base), (both, other))
    )
    return (
        f"{capital(here)}, {_subject(study, change)} {first} {usual} ({size}); {there}, {_subject(study, change)} {second} {usual} ({later})",
        f"{_subject(study, change)} {first} {usual} {here} ({size}), and {second} {usual} {there} ({later})",
    )


def _subject(study: Study, label: str) -> str:
    """A level before a verb in the singular."""
    return label if study.stands_alone(label) and not label.startswith("no ") else f"{study.doing} {_with(label)}"


def _with(label: str) -> str:
    return f"without {label.removeprefix('no ')}" if label.startswith("no ") else f"with {label}"


def _level(factor: Factor, name: str) -> Level:
    return next(level for level in factor.levels if level.name == name)


def _reference_level(factor: Factor) -> Level:
    return next(level for level in factor.levels if level.is_baseline)


def _measured(study: Study, a: Contrast, b: Contrast) -> bool:
    result = study.comparison(a.id, b.id)
    return result is not None and result.ci95_low is not None


def interplay(study: Study) -> str:
    """How the interaction is to be read, with the seeds that share its sign where all do, without a period; it must be measured."""
    both = study.results.interaction
    if both is None:
        raise ValueError("no interaction is on record")
    clear = both.verdict in {"better", "worse"}
    verdict = "so the effects do not simply add up" if clear else "which is compatible with effects that simply add up"
    one_sign = both.n > 2 and both.wins in {0, both.n} and all(both.differences.values())
    if one_sign and not clear:
        return f"{verdict}, although its sign is the same on all {{{{interaction.n|words}}}} seeds"
    return verdict
