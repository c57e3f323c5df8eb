"""Stage 12: train and score every planned run."""

from __future__ import annotations

from stages.contracts import Contract, ExperimentPlan, RunRecords, Schedule
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
    corpus = ctx.laboratory.corpus(inputs.plan.kit)
    records = ctx.laboratory.measure(inputs.schedule.runs)
    if not any(record.verdict == "ok" for record in records):
        first = records[0]
        raise ExperimentFailed(
            f"none of {len(records)} runs ended well; the first: {first.verdict}: {first.reason} (log in {first.folder})"
        )
    return RunRecords(corpus=corpus, runs=records)
