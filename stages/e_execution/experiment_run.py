"""Stage 12: train and score every planned run."""

from __future__ import annotations

from stages.contracts import Contract, CorpusFacts, ExperimentPlan, RunRecords, Schedule
from stages.errors import ExperimentFailed
from stages.ports import Context


class Inputs(Contract):
    plan: ExperimentPlan
    schedule: Schedule


def run(inputs: Inputs, ctx: Context) -> RunRecords:
    """The record of every run; a crash is a record, not an exception.

    Raises:
        ExperimentFailed: not a single run ended well.
    """
    corpus = _corpus(inputs, ctx)
    records = ctx.laboratory.measure(inputs.schedule.runs)
    if not any(record.verdict == "ok" for record in records):
        first = records[0]
        raise ExperimentFailed(
            f"none of {len(records)} runs ended well; the first: {first.verdict}: {first.reason} (log in {first.folder})"
        )
    return RunRecords(corpus=corpus, runs=records)


def _corpus(inputs: Inputs, ctx: Context) -> CorpusFacts:
    """The data as prepared; of a kit that was written in this study those of the first seed: every seed has its own."""
    first = inputs.schedule.runs[0]
    if first.generated is None:
        return ctx.laboratory.corpus(inputs.plan.kit)
    preparation = ctx.laboratory.prepare(first.generated, first.seed)
    if preparation.facts is None:
        raise ExperimentFailed(f"the data of kit {first.kit} could not be prepared for seed {first.seed}: {preparation.failure}")
    return preparation.facts
