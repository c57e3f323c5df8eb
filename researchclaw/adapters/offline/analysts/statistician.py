"""What the numbers allow to say, and how firmly."""

from __future__ import annotations

from collections.abc import Iterator

from researchclaw.adapters.offline.analysts.view import Said, Speaker, View


def _primary_interval(view: View) -> Iterator[Said]:
    """One of five forms, by what the primary comparison allows to say."""
    found = view.primary
    if found is None:
        return
    a, b, unit = view.label(found.a), view.label(found.b), view.unit()
    diff = view.between("diff", found, "signed3")
    if found.ci95_low is None or found.ci95_high is None or found.holm_p is None:
        pairs = view.between("pairs", found, "words")
        noun = "seed" if found.n == 1 else "seeds"
        yield (
            f"The primary comparison, {a} against {b}, rests on {pairs} shared {noun}: the difference of {diff}{unit} "
            "comes without an interval and without a test.",
            view.primary_key,
        )
        return
    interval = f"from {view.between('ci_low', found, 'signed3')} to {view.between('ci_high', found, 'signed3')}{unit}"
    p = view.between("test", found, "pequals", "holm_p")
    if found.verdict in {"better", "worse"}:
        text = (
            f"In the primary comparison, {a} {view.between('cmp', found, 'words')} {b}: the paired difference is {diff}{unit}, "
            f"its interval runs {interval}, and the Holm-adjusted p {p}."
        )
    elif found.ci95_low > 0 or found.ci95_high < 0:
        text = (
            f"Taken alone, the interval of the primary comparison between {a} and {b} ({interval}) excludes zero; "
            f"within the family of planned tests it does not hold, with a Holm-adjusted p {p}."
        )
    elif found.mde is not None and found.abs_mean_diff < found.mde:
        text = (
            f"The interval of the primary comparison between {a} and {b} runs {interval} and includes zero; with "
            f"{view.between('pairs', found, 'words')} seeds only differences of about {view.between('mde', found, 'f3')}{unit} "
            "are found reliably, so that an effect of the observed size can neither be confirmed nor excluded."
        )
    else:
        text = (
            f"Although the observed difference of {diff}{unit} between {a} and {b} is of a detectable size, "
            f"its interval, {interval}, includes zero."
        )
    yield text, view.primary_key


def _farthest_from_zero(view: View) -> Iterator[Said]:
    """The called difference whose interval stays farthest from zero.

    In words of the interval: an effect size divides by the spread of few paired differences and grows without bound as that shrinks.
    """
    called = {
        key: (c, c.ci95_high if c.mean_diff < 0 else c.ci95_low)
        for key, c in view.planned.items()
        if c.verdict in {"better", "worse"} and c.ci95_low is not None and c.ci95_high is not None
    }
    if not called:
        return
    key = max(called, key=lambda name: (abs(called[name][1] or 0.0), name))
    found = called[key][0]
    end = view.between("ci_high" if found.mean_diff < 0 else "ci_low", found, "signed3")
    yield (
        f"Of the clear differences, that between {view.label(found.a)} and {view.label(found.b)} stays farthest from zero; even the "
        f"nearer end of its interval is {end}{view.unit()}.",
        key,
    )


def _spread(view: View) -> Iterator[Said]:
    """Which condition depends most on the seed."""
    spreads = {name: view.summary(name).std for name in sorted(view.reported)}
    known = {name: std for name, std in spreads.items() if std is not None}
    if len(known) < 2:
        return
    widest, narrowest = max(known, key=lambda name: known[name]), min(known, key=lambda name: known[name])
    if known[widest] == known[narrowest]:  # nothing scatters more than anything
        return
    if known[widest] < 1.5 * known[narrowest]:
        yield (
            f"Over seeds the conditions scatter to a similar degree: the standard deviation ranges from "
            f"{view.of(narrowest, 'std')} to {view.of(widest, 'std')}{view.unit()}.",
            None,
        )
        return
    yield (
        f"The scores of {view.label(widest)} depend most on the seed, with a standard deviation of "
        f"{view.of(widest, 'std')}{view.unit()}; those of {view.label(narrowest)} depend on it least ({view.of(narrowest, 'std')}).",
        None,
    )


def _sign_by_seed(view: View) -> Iterator[Said]:
    """Seeds that disagree with the mean; where there are none, that all agree."""
    several = {key: c for key, c in view.planned.items() if c.n >= 2}
    split = {key: c for key, c in several.items() if len({value > 0 for value in c.differences.values() if value}) == 2}
    for key, c in sorted(split.items()):
        against = [seed for seed, value in c.differences.items() if value * c.mean_diff < 0]
        if len(against) == 1:
            flipped = f"{{{{seed_diff({c.a},{c.b}).{view.metric.name}.{against[0]}|signed3}}}}"
            yield (
                f"A single seed reverses the order of {view.label(c.a)} and {view.label(c.b)}: there the difference is {flipped}, "
                f"while the mean is {view.between('diff', c, 'signed3')}{view.unit()}.",
                key,
            )
        else:
            yield (
                f"The sign of the difference between {view.label(c.a)} and {view.label(c.b)} changes from seed to seed "
                f"({view.between('wins', c, 'words')} of {view.between('pairs', c, 'words')} seeds favour the former).",
                key,
            )
    if several and not split and all(any(c.differences.values()) for c in several.values()):
        closest = min(several.values(), key=lambda c: c.abs_mean_diff)
        yield (
            "In every planned comparison the sign of the difference agrees across all shared seeds, even for "
            f"{view.label(closest.a)} against {view.label(closest.b)}, whose means lie nearest together "
            f"({view.between('diff', closest, 'signed3')}{view.unit()}).",
            None,
        )


def _interaction(view: View) -> Iterator[Said]:
    """Whether two effects add up."""
    found = view.results.interaction
    if found is None or found.ci95_low is None or found.ci95_high is None:
        return
    interval = f"({{{{interaction.ci95_low|signed3}}}} to {{{{interaction.ci95_high|signed3}}}}{view.unit()})"
    if found.ci95_low <= 0 <= found.ci95_high:
        yield (
            f"The interval of the interaction {interval} includes zero, so the two effects are compatible with simply adding up.",
            None,
        )
    elif found.verdict == "not distinguishable":
        yield (
            f"Taken alone, the interval of the interaction {interval} speaks against effects that simply add up; within the family of "
            "planned tests it does not hold.",
            None,
        )
    else:
        kind = "more" if found.verdict == "better" else "less"
        yield (
            f"The two factors do not simply add up: together they gain {kind} than the sum of their separate effects, by "
            f"{{{{interaction.abs_mean_diff|f3}}}}{view.unit()} {interval}.",
            None,
        )


STATISTICIAN: tuple[Speaker, ...] = (_primary_interval, _farthest_from_zero, _spread, _sign_by_seed, _interaction)
