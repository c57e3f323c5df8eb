"""results.json: every aggregate that is printed anywhere, made from the records and from nothing else.

Scores are rounded to the digits of the file before anything is computed from them, so a reader who recomputes a mean or an
interval from the stored seeds gets the stored value exactly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import JsonValue

from stages import python_source
from stages.contracts import (
    Brief,
    CodeBundle,
    ConditionCode,
    ConditionResult,
    Contrast,
    ExperimentPlan,
    Hardware,
    Hypotheses,
    Measurement,
    Metric,
    PairedComparison,
    RefinedRecords,
    Results,
    RunRecord,
    RunSeconds,
    Schedule,
    SeedSummary,
    Shortlist,
    Slug,
)
from stages.errors import ExperimentFailed
from stages.f_analysis import statistics
from stages.f_analysis.statistics import Sample, stored

TUNED: Slug = "tuned"
"""Condition id of the improvement loop's winner (contract `RefinedRecords.tuned`)."""

Measured = Mapping[int, Measurement]
"""Seed -> what the evaluator measured, runs that ended well only."""


def comparison_key(a: Slug, b: Slug) -> str:
    """Key into `Results.comparisons`."""
    return f"{a}_vs_{b}"


def build_results(
    *,
    plan: ExperimentPlan,
    code_bundle: CodeBundle,
    records: RefinedRecords,
    shortlist: Shortlist,
    hardware: Hardware,
    brief: Brief,
    schedule: Schedule,
    hypotheses: Hypotheses,
) -> Results:
    """Everything the paper may print, aggregated.

    A condition keeps the seeds that ended well and counts the others in `failed`; one without any such seed is absent, and so
    is a comparison whose sides share no seed.
    Raises:
        ExperimentFailed: no run of the baseline ended well, a condition and seed is recorded twice, or runs saw different data.
    """
    measured = {contrast.id: _measured(records.runs, contrast.id, plan) for contrast in plan.conditions}
    if not measured[code_bundle.baseline]:
        raise ExperimentFailed(_why_no_baseline(records.runs, code_bundle.baseline))
    codes = {code.condition: code for code in code_bundle.codes}
    conditions = {
        contrast.id: _condition(
            contrast.label, contrast.role, codes[contrast.id], measured=measured[contrast.id], runs=records.runs, plan=plan
        )
        for contrast in plan.conditions
        if measured[contrast.id]
    }
    comparisons, interaction = _comparisons(plan, code_bundle.baseline, measured)
    tuned = _tuned(plan, records)
    if tuned is not None:
        condition, comparison = tuned
        conditions[TUNED] = condition
        comparisons[comparison_key(comparison.a, comparison.b)] = {plan.metric.name: comparison}
    _refuse_mixed_corpora(measured.values())
    return Results(
        metric=plan.metric,
        conditions=conditions,
        comparisons=comparisons,
        interaction=interaction,
        references={name: stored(value) for name, value in records.corpus.references.items()},
        data=_data(records),
        config=_config(
            plan,
            records,
            brief,
            hypotheses,
            baseline=codes[code_bundle.baseline],
            scored=next(iter(measured[code_bundle.baseline].values())).scored_bytes,
        ),
        literature=dict(shortlist.counts.model_dump()),
        environment=_environment(hardware, schedule, code_bundle),
        cost=_cost(records),
        seconds=_seconds(plan, records, code_bundle.clock),
    )


def dump_results(results: Results) -> str:
    """The bytes of results.json: sorted keys, ten significant digits, one value a line, ends with a newline."""
    rounded = _rounded(results.model_dump(mode="json"))
    return json.dumps(rounded, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def load_results(text: str) -> Results:
    """The other way round; `load_results(dump_results(r)) == r` for every r that `build_results` made."""
    return Results.model_validate_json(text)


def _rounded(value: JsonValue) -> JsonValue:
    if isinstance(value, float):
        return stored(value)
    if isinstance(value, dict):
        return {key: _rounded(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_rounded(member) for member in value]
    return value


# ---------------------------------------------------------------- conditions and comparisons


def _measured(runs: Iterable[RunRecord], condition: Slug, plan: ExperimentPlan, purpose: str = "report") -> dict[int, Measurement]:
    found: dict[int, Measurement] = {}
    for run in runs:
        measurement = run.measurement
        if run.condition != condition or run.purpose != purpose or run.verdict != "ok" or measurement is None:
            continue
        if measurement.metric != plan.metric.name or measurement.split != "val":
            continue
        if run.seed in found:
            raise ExperimentFailed(f"condition {condition} has two records for seed {run.seed}; one of them must go")
        found[run.seed] = measurement
    return found


def _why_no_baseline(runs: Iterable[RunRecord], baseline: Slug) -> str:
    reasons = sorted({f"{run.verdict}: {run.reason}" for run in runs if run.condition == baseline and run.verdict != "ok"})
    detail = "; ".join(reasons) if reasons else "none was recorded"
    return f"no run of the baseline {baseline} ended well ({detail}); without it nothing can be compared"


def _refuse_mixed_corpora(measured: Iterable[Measured]) -> None:
    # Rows of a generated kit are made anew for every seed; the conditions of one seed must still have seen the same.
    corpora: dict[int | None, set[str]] = {}
    for runs in measured:
        for seed, measurement in runs.items():
            corpora.setdefault(seed if measurement.counts == "rows" else None, set()).add(measurement.corpus_sha256)
    if any(len(found) > 1 for found in corpora.values()):
        raise ExperimentFailed("the runs were scored on different corpora and cannot be compared; run all of them again")


def _values(measured: Measured) -> dict[int, float]:
    return {seed: measurement.value for seed, measurement in measured.items()}


def _condition(
    label: str,
    role: Literal["baseline", "treatment", "combination", "ablation", "tuned"],
    code: ConditionCode,
    *,
    measured: Measured,
    runs: Iterable[RunRecord],
    plan: ExperimentPlan,
    purpose: str = "report",
) -> ConditionResult:
    first = measured[min(measured)]
    return ConditionResult(
        label=label,
        role=role,
        metrics={plan.metric.name: statistics.summarise(_values(measured))},
        steps=first.steps,
        parameters=first.parameters,
        tokens=first.tokens,
        cost_ratio=stored(code.cost_ratio),
        curve=_curve(measured),
        failed=sum(run.condition == code.condition and run.purpose == purpose and run.verdict != "ok" for run in runs),
    )


def _curve(measured: Measured) -> dict[str, SeedSummary]:
    return statistics.learning_curve(
        {seed: {point.step: point.value for point in measurement.curve} for seed, measurement in measured.items()}
    )


def _comparisons(
    plan: ExperimentPlan, baseline: Slug, measured: Mapping[Slug, Measured]
) -> tuple[dict[str, dict[Slug, PairedComparison]], PairedComparison | None]:
    """The planned comparisons and the interaction: one Holm family."""
    samples = {condition: Sample(condition, _values(runs)) for condition, runs in measured.items()}
    pairs = {
        comparison_key(planned.a, planned.b): (samples[planned.a], samples[planned.b])
        for planned in plan.comparisons
        if samples[planned.a].values.keys() & samples[planned.b].values.keys()
    }
    family = [statistics.paired_difference(a, b, plan.metric, plan.alpha) for a, b in pairs.values()]
    parts = _interaction_parts(plan, baseline)
    four = tuple(samples[condition] for condition in parts)
    meets = bool(four) and bool(set(four[0].values).intersection(*(sample.values for sample in four)))
    if meets:
        both, a, b, base = four
        family.append(statistics.interaction(both, a, b, base, metric=plan.metric, alpha=plan.alpha))
    adjusted = statistics.with_holm(family, plan.metric, plan.alpha)
    named = {key: {plan.metric.name: comparison} for key, comparison in zip(pairs, adjusted, strict=False)}
    return named, adjusted[-1] if meets else None


def _interaction_parts(plan: ExperimentPlan, baseline: Slug) -> tuple[Slug, ...]:
    """(both, a, b, baseline) of a two-factor plan; empty when the plan has no such square."""
    single = {
        next(iter(contrast.levels.items())): contrast.id
        for contrast in plan.conditions
        if contrast.role == "treatment" and len(contrast.levels) == 1
    }
    for contrast in plan.conditions:
        parts = [single.get(level) for level in contrast.levels.items()]
        if contrast.role == "combination" and len(parts) == 2 and parts[0] is not None and parts[1] is not None:
            return contrast.id, parts[0], parts[1], baseline
    return ()


def _tuned(plan: ExperimentPlan, records: RefinedRecords) -> tuple[ConditionResult, PairedComparison] | None:
    """The loop's winner on fresh seeds, against the incumbent on the same; outside the plan, hence outside its Holm family."""
    if records.tuned is None or records.incumbent is None:
        return None
    winner = _measured(records.confirmation, records.tuned.condition, plan, "confirmation")
    incumbent = _measured(records.confirmation, records.incumbent, plan, "confirmation")
    if not winner.keys() & incumbent.keys():
        return None
    label = f"{_contrast(plan, records.incumbent).label}, tuned"
    condition = _condition(
        label, "tuned", records.tuned, measured=winner, runs=records.confirmation, plan=plan, purpose="confirmation"
    )
    comparison = statistics.paired_difference(
        Sample(TUNED, _values(winner)), Sample(records.incumbent, _values(incumbent)), plan.metric, plan.alpha
    )
    return condition, comparison


def _contrast(plan: ExperimentPlan, condition: Slug) -> Contrast:
    return next(contrast for contrast in plan.conditions if contrast.id == condition)


# ---------------------------------------------------------------- facts around the scores


def _config(
    plan: ExperimentPlan,
    records: RefinedRecords,
    brief: Brief,
    hypotheses: Hypotheses,
    *,
    baseline: ConditionCode,
    scored: int,
) -> dict[str, int | float | str]:
    reported = [run for run in records.runs if run.purpose == "report"]
    config: dict[str, int | float | str] = {name.lower(): value for name, value in _constants(baseline.train_py).items()}
    # After the constants: should a script have a constant ALPHA, `alpha` is still that of the plan.
    config |= {
        "alpha": plan.alpha,
        "budget_s": _whole(plan.budget_s),
        "comparisons": plan.family,
        "conditions": len(plan.conditions),
        "confidence_percent": _whole(100 * statistics.CONFIDENCE),
        "confirmation_seeds": len({run.seed for run in records.confirmation}),
        "loop_attempts": len(records.attempts),
        "loop_attempts_allowed": plan.refine_attempts,
        "loop_kept": sum(attempt.verdict == "keep" for attempt in records.attempts),
        "max_works": brief.max_works,
        "power_percent": _whole(100 * statistics.POWER),
        "repairs": len(records.repairs),
        "runs_failed": sum(run.verdict != "ok" for run in reported),
        "runs_reported": len(reported),
        "seeds": len(plan.seeds),
    }
    config |= sealed_facts(plan.metric, _sealed_values(records))
    if records.corpus.counts == "rows":
        config["scored_rows"] = scored
    else:
        config |= {"scored_bytes": scored, "scored_kib": _whole(scored / 1024)}
    config |= _searched(records)
    for hypothesis in hypotheses.hypotheses:
        config[f"predicted_{hypothesis.id}"] = stored(hypothesis.predicted_size)
    changed = {contrast.id: contrast.settings for contrast in plan.conditions}
    if records.tuned is not None:
        changed[TUNED] = records.tuned_settings
    for condition, settings in changed.items():
        for name, literal in settings.items():
            value = _printable(python_source.literal(literal))
            if value is not None:
                config[f"{condition}_{name.lower()}"] = value
    return config


def _searched(records: RefinedRecords) -> dict[str, int | float | str]:
    """Gain, steps and values of each attempt of the improvement loop, and the steps of the condition that it started from."""
    made = {run.condition: run.measurement.steps for run in records.development if run.verdict == "ok" and run.measurement}
    facts: dict[str, int | float | str] = {}
    if records.incumbent in made:
        facts["loop_steps"] = made[records.incumbent]
    for attempt in records.attempts:
        name = f"attempt_{attempt.number}"
        if attempt.gain is not None:
            facts[f"{name}_gain"] = stored(attempt.gain)
        if name in made:
            facts[f"{name}_steps"] = made[name]
        for constant, literal in attempt.settings.items():
            tried = _printable(python_source.literal(literal))
            if tried is not None:
                facts[f"{name}_{constant.lower()}"] = tried
    return facts


def _sealed_values(records: RefinedRecords) -> dict[Slug, float | None]:
    """Condition -> score on the test split, of the runs that were scored there; None: the look gave no score."""
    return {
        run.condition: run.measurement.sealed_value
        for run in records.confirmation
        if run.verdict == "ok" and run.measurement is not None and was_looked_at(run.measurement)
    }


def was_looked_at(run: Measurement) -> bool:
    """Whether the weights of a run on the validation split were tried on the sealed test split as well."""
    return run.sealed_value is not None or run.sealed_fault is not None


def sealed_facts(metric: Metric, values: Mapping[Slug, float | None]) -> dict[str, int | float]:
    """What the sealed test split said of the loop's beginning and end, and how often it was looked at; empty: never.

    values: condition -> score; None: the look gave no score, which is a look all the same.
    """
    facts: dict[str, int | float] = {"sealed_looks": len(values)} if values else {}
    others = [value for name, value in values.items() if name != TUNED]
    tuned, start = values.get(TUNED), others[0] if len(others) == 1 else None
    if tuned is not None and start is not None:
        facts |= {
            "sealed_incumbent": stored(start),
            "sealed_tuned": stored(tuned),
            "sealed_gain": stored(metric.gain(tuned, start)),
        }
    return facts


def _constants(train_py: str) -> dict[str, int | float | str]:
    """The constants at the top level of train.py that a table of settings can print."""
    values = {name: _printable(value) for name, value in python_source.constants(train_py).items()}
    return {name: value for name, value in values.items() if value is not None}


def _printable(value: object) -> int | float | str | None:
    """The value as it is stored: a number, a switch as 'yes' or 'no', a word as it is; None for every other literal."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return stored(value)
    return value if isinstance(value, str) and re.fullmatch(r"[\w -]{1,40}", value) else None


def _data(records: RefinedRecords) -> dict[Slug, int | float | str]:
    corpus = records.corpus
    sizes = {"train": corpus.train_bytes, "val": corpus.val_bytes, "test": corpus.test_bytes}
    if corpus.counts == "rows":
        return {"name": corpus.name, "sha256": corpus.sha256, **{f"{split}_rows": size for split, size in sizes.items()}}
    return {
        "name": corpus.name,
        "sha256": corpus.sha256,
        "files": corpus.files,
        **{f"{split}_bytes": size for split, size in sizes.items()},
        **{f"{split}_mb": round(size / 1e6, 2) for split, size in sizes.items()},
        **{f"{split}_kib": round(size / 1024) for split, size in sizes.items()},
    }


def _environment(hardware: Hardware, schedule: Schedule, code_bundle: CodeBundle) -> dict[Slug, str | int | float]:
    facts: dict[Slug, str | int | float] = {
        "clock": code_bundle.clock,
        "cores": hardware.physical_cores,
        "cpu": hardware.cpu,
        "device": schedule.device,
        "isolation": schedule.isolation,
        "memory_gb": _whole(stored(hardware.memory_gb)),
        "operating_system": hardware.operating_system,
        "python": hardware.python,
        "workers": schedule.workers,
    }
    if _uses_torch(code_bundle):
        facts["torch"] = hardware.torch
    if hardware.accelerator is not None:
        facts["accelerator"] = hardware.accelerator
    return facts


def _uses_torch(code_bundle: CodeBundle) -> bool:
    """Whether the runs did: a kit that was made for a topic may do without it, and then its version says nothing."""
    kit = code_bundle.generated
    if kit is None:
        return True
    sources = (kit.prepare_py, kit.train_py, *(code.train_py for code in code_bundle.codes))
    return any(re.search(r"^\s*(?:import|from)\s+torch\b", source, re.MULTILINE) for source in sources)


def _cost(records: RefinedRecords) -> dict[Slug, int | float]:
    """Of every training run: the reported ones, those of the improvement loop and those of its confirmation."""
    runs = (*records.runs, *records.development, *records.confirmation)
    in_seconds = records.corpus.counts == "rows"  # a fit takes parts of a second: in hours it would be printed as nothing
    seconds = {
        "train_cpu_s": stored(sum(run.cost.train_cpu_s for run in runs)),
        "evaluation_s": stored(sum(run.cost.evaluation_s for run in runs)),
    }
    return {
        **(seconds if in_seconds else {}),
        "runs": len(runs),
        "loop_runs": len(records.development),
        "confirmation_runs": len(records.confirmation),
        "train_cpu_hours": stored(sum(run.cost.train_cpu_s for run in runs) / 3600),
        "train_wall_hours": stored(sum(run.cost.train_wall_s for run in runs) / 3600),
        "evaluation_hours": stored(sum(run.cost.evaluation_s for run in runs) / 3600),
        "peak_memory_mb": stored(max(run.cost.peak_memory_mb for run in runs)),
    }


def _seconds(plan: ExperimentPlan, records: RefinedRecords, clock: Literal["cpu", "wall"]) -> dict[Slug, RunSeconds]:
    """What the scored runs of each condition took, on the clock of the budget; the searched setting's are its confirmation.

    Empty for rows: a fit there takes parts of a second and is not held to a number of steps.
    """
    if records.corpus.counts == "rows":
        return {}
    took: dict[Slug, list[float]] = {name: [] for name in (*(contrast.id for contrast in plan.conditions), TUNED)}
    for run in (*records.runs, *(run for run in records.confirmation if run.condition == TUNED)):
        if run.verdict == "ok" and run.purpose in {"report", "confirmation"} and run.condition in took:
            took[run.condition].append(run.cost.train_cpu_s if clock == "cpu" else run.cost.train_wall_s)
    return {
        condition: RunSeconds(mean=stored(sum(times) / len(times)), least=stored(min(times)), most=stored(max(times)))
        for condition, times in took.items()
        if times
    }


def _whole(number: float) -> int | float:
    """20.0 as 20: a budget is printed as a person would write it."""
    return int(number) if float(number).is_integer() else stored(number)
