"""results.json computed once more from the delivered measurements."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from pydantic import TypeAdapter

from stages.contracts import Contract, ExperimentPlan, Measurement, PairedComparison, Results, RunRecord, Sha256, Slug, Verdict
from stages.d_design.experiment_design import registration
from stages.errors import EvidenceMissing, ManuscriptRefused
from stages.f_analysis import statistics
from stages.f_analysis.results import TUNED, sealed_facts, was_looked_at
from stages.f_analysis.statistics import Sample

INDEX = "experiment_runs/index.json"


class DeliveredRun(Contract):
    """One line of experiment_runs/index.json."""

    condition: Slug
    seed: int
    purpose: str
    verdict: Verdict
    reason: str | None
    folder: str
    request_sha256: Sha256


RUNS = TypeAdapter(tuple[DeliveredRun, ...])


def delivered_run(record: RunRecord) -> DeliveredRun:
    return DeliveredRun.model_validate(record.model_dump(include=set(DeliveredRun.model_fields)))


def measurements(files: Mapping[str, bytes]) -> dict[tuple[str, str], dict[int, Measurement]]:
    """(purpose, condition) -> seed -> measurement, of the runs that ended well.

    Raises:
        KeyError: the index or a measurement is missing.
        ValidationError: one of them is not what it should be.
        ManuscriptRefused: a measurement is not that of the listed run.
    """
    found: dict[tuple[str, str], dict[int, Measurement]] = {}
    for run in RUNS.validate_json(files[INDEX]):
        if run.verdict == "ok":
            record = RunRecord.model_validate_json(files[f"{run.folder}/measurement.json"])
            if record.measurement is None or delivered_run(record) != run:
                raise ManuscriptRefused(f"{run.folder}/measurement.json is not the run that {INDEX} lists")
            found.setdefault((run.purpose, run.condition), {})[run.seed] = record.measurement
    return found


def disagreements(results: Results, measured: Mapping[tuple[str, str], Mapping[int, Measurement]]) -> Iterator[str]:
    """What results.json says otherwise than the measurements; nothing when they agree."""
    for name, condition in results.conditions.items():
        purpose = "confirmation" if name == TUNED else "report"
        runs = measured.get((purpose, name), {})
        if not runs:
            yield f"conditions/{name} has no delivered measurement"
            continue
        values = {seed: run.value for seed, run in runs.items()}
        if condition.metrics != {results.metric.name: statistics.summarise(values)}:
            yield f"conditions/{name}/metrics differs from its measurements"
        curves = {seed: {point.step: point.value for point in run.curve} for seed, run in runs.items()}
        if condition.curve != statistics.learning_curve(curves):
            yield f"conditions/{name}/curve differs from its measurements"
        first = runs[min(runs)]
        for field in ("steps", "parameters", "tokens"):
            if getattr(condition, field) != getattr(first, field):
                yield f"conditions/{name}/{field} differs from its measurements"
    yield from _of_comparisons(results, measured)
    yield from _of_the_sealed_split(results, measured)


def departures(results: Results, plan: ExperimentPlan, measured: Mapping[tuple[str, str], Mapping[int, Measurement]]) -> Iterator[str]:
    """What results.json holds otherwise than the registered plan: its terms, and what was dropped or added."""
    if registration(plan) != plan.registration_sha256:
        yield "the plan is not the one that was registered"
    if results.metric != plan.metric:
        yield "the metric is not the planned one"
    terms = {
        "alpha": plan.alpha,
        "seeds": len(plan.seeds),
        "conditions": len(plan.conditions),
        "comparisons": plan.family,
        "budget_s": plan.budget_s,
    }
    yield from (f"config/{name} is not the planned one" for name, value in terms.items() if results.config.get(name) != value)
    planned = {contrast.id: contrast for contrast in plan.conditions}
    for name, condition in results.conditions.items():
        contrast = planned.get(name)
        if name != TUNED and (contrast is None or (contrast.label, contrast.role) != (condition.label, condition.role)):
            yield f"conditions/{name} is not as planned"
    reported = {condition: set(runs) for (purpose, condition), runs in measured.items() if purpose == "report"}
    yield from (f"conditions/{name} was measured and left out" for name in sorted(reported.keys() - results.conditions.keys()))
    pairs = {f"{pair.a}_vs_{pair.b}": reported.get(pair.a, set()) & reported.get(pair.b, set()) for pair in plan.comparisons}
    made = results.comparisons.keys()
    for key, shared in pairs.items():
        if shared and key not in made:
            yield f"comparisons/{key} was planned and left out"
    for key in made - pairs.keys():
        if not key.startswith(f"{TUNED}_vs_"):
            yield f"comparisons/{key} was not planned"


def _of_the_sealed_split(results: Results, measured: Mapping[tuple[str, str], Mapping[int, Measurement]]) -> Iterator[str]:
    values = {
        name: run.sealed_value
        for (purpose, name), runs in measured.items()
        for run in runs.values()
        if purpose == "confirmation" and was_looked_at(run)
    }
    again = sealed_facts(results.metric, values)
    told = {key: value for key, value in results.config.items() if key.startswith("sealed_")}
    yield from (
        f"config/{key} differs from its measurements" for key in sorted(told.keys() | again) if told.get(key) != again.get(key)
    )


def _of_comparisons(results: Results, measured: Mapping[tuple[str, str], Mapping[int, Measurement]]) -> Iterator[str]:
    alpha = results.config.get("alpha")
    if not isinstance(alpha, int | float):
        yield "config/alpha is not a number, so no verdict can be checked"
        return
    metric = results.metric
    samples = {
        purpose: {
            condition: Sample(condition, {seed: run.value for seed, run in runs.items()})
            for (of, condition), runs in measured.items()
            if of == purpose
        }
        for purpose in ("report", "confirmation")
    }
    family: list[PairedComparison] = []
    for key, by_metric in results.comparisons.items():
        for found in by_metric.values():
            of = samples["confirmation" if found.a == TUNED else "report"]
            if key != f"{found.a}_vs_{found.b}" or found.a not in of or found.b not in of:
                yield f"comparisons/{key} has no delivered measurement"
                continue
            again = statistics.paired_difference(of[found.a], of[found.b], metric, alpha)
            if found.a == TUNED:
                if again != found:
                    yield f"comparisons/{key} differs from its measurements"
            else:
                family.append(again)
    interaction = _interaction(results, samples["report"], alpha)
    if results.interaction is not None and interaction is None:
        yield "interaction differs from its measurements"
        return
    planned = [key for key, by_metric in results.comparisons.items() if all(found.a != TUNED for found in by_metric.values())]
    adjusted = statistics.with_holm([*family, *([interaction] if interaction else [])], metric, alpha)
    if len(planned) == len(family):
        for key, again in zip(planned, adjusted, strict=False):
            if results.comparisons[key].get(metric.name) != again:
                yield f"comparisons/{key} differs from its measurements"
    if interaction is not None and adjusted[-1] != results.interaction:
        yield "interaction differs from its measurements"


def _interaction(results: Results, samples: Mapping[str, Sample], alpha: float) -> PairedComparison | None:
    """The recorded interaction computed again; the two single conditions are those for which the seeds' values come out."""
    recorded = results.interaction
    if recorded is None or recorded.a not in samples or recorded.b not in samples:
        return None
    for a, b in itertools.permutations(sorted(samples.keys() - {recorded.a, recorded.b}), 2):
        try:
            again = statistics.interaction(
                samples[recorded.a], samples[a], samples[b], samples[recorded.b], metric=results.metric, alpha=alpha
            )
        except EvidenceMissing:
            continue  # these four share no seed, so they cannot be the ones
        if again.differences == recorded.differences:
            return again
    return None
