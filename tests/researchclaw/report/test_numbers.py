"""A number on the page leads to what it was computed from; what the record lacks is said and not filled in."""

from dataclasses import replace

import pytest

from researchclaw.report.numbers import Numbers
from researchclaw.report.record import Record, read_record
from researchclaw.run_store import RunStore
from stages import contracts as c
from stages.errors import ManuscriptRefused
from stages.g_writing.document import Link, Text, ValueRef
from stages.pipeline import PIPELINE


@pytest.fixture
def record(honest_run: RunStore) -> Record:
    return read_record(honest_run, PIPELINE)


def test_a_value_shown_twice_has_one_row_that_names_both_places(record: Record) -> None:
    numbers = Numbers(record)
    first = numbers.show("cosine.val_bpb.mean", "f3", place="abstract")
    second = numbers.show("cosine.val_bpb.mean", "f4", place="sec:results")
    assert first is not None
    assert second is not None
    assert first.href == second.href
    (group,) = numbers.groups
    (row,) = group.rows
    assert list(row.printed) == ["abstract", "sec:results"]


def test_a_value_of_one_seed_leads_to_the_runs_of_that_seed(record: Record) -> None:
    numbers = Numbers(record)
    numbers.show("cosine.val_bpb.seed.3", place="x")
    numbers.show("seed_diff(linear,cosine).val_bpb.4", place="x")
    condition, comparison = numbers.groups
    assert [(run.record.condition, run.record.seed) for run in condition.rows[0].runs] == [("cosine", 3)]
    assert [(run.record.condition, run.record.seed) for run in comparison.rows[0].runs] == [("linear", 4), ("cosine", 4)]


def test_failed_and_replaced_runs_are_no_evidence(record: Record) -> None:
    """What crashed has no score, and what an earlier round made is not in the records of the analysis."""
    first = record.runs[0]
    earlier = replace(first, record=first.record.model_copy(update={"request_sha256": "f" * 64}))
    crashed = tuple(
        replace(run, record=run.record.model_copy(update={"verdict": "crash", "measurement": None})) if run.record.seed == 2 else run
        for run in record.runs
    )
    numbers = Numbers(replace(record, runs=(earlier, *crashed)))
    numbers.show("cosine.val_bpb.mean", place="x")
    (group,) = numbers.groups
    assert [run.record.seed for run in group.runs] == [1, 3, 4, 5]
    assert earlier not in group.runs


def test_counts_of_runs_lead_to_the_runs_that_were_counted(record: Record) -> None:
    crashed = record.runs[0].record.model_copy(update={"verdict": "crash", "measurement": None})
    numbers = Numbers(replace(record, runs=(replace(record.runs[0], record=crashed), *record.runs[1:])))
    for key in ("cfg.runs_reported", "cfg.runs_failed", "cosine.failed", "linear.failed"):
        assert numbers.show(key, place="x") is not None
    rows = {row.pointer: [run.record.verdict for run in row.runs] for group in numbers.groups for row in group.rows}
    assert rows["/config/runs_reported"] == ["crash", *["ok"] * 14]
    assert rows["/config/runs_failed"] == rows["/conditions/cosine/failed"] == ["crash"]
    assert rows["/conditions/linear/failed"] == []


def test_a_value_that_the_record_does_not_hold_is_none_and_an_unknown_key_an_error(record: Record) -> None:
    numbers = Numbers(record)
    assert numbers.show("test(linear,cosine).val_bpb.wilcoxon_p", "p", place="x") is None  # five seeds are too few for it
    with pytest.raises(ManuscriptRefused, match=r"no value \{\{cosin\.val_bpb\.mean\}\}"):
        numbers.show("cosin.val_bpb.mean", place="x")


def test_a_key_that_a_reviewer_quotes_and_nobody_knows_stays_as_it_was_written(record: Record) -> None:
    numbers = Numbers(record)
    assert numbers.prose("is {{no.such|f3}} it", "x") == (Text(text="is "), Text(text="{{no.such|f3}}"), Text(text=" it"))
    (link,) = numbers.prose("{{cosine.steps|int}}", "x")
    assert isinstance(link, Link)
    assert link.content == (Text(text="700"),)


def test_before_the_analysis_nothing_is_known(record: Record) -> None:
    numbers = Numbers(replace(record, outputs={k: v for k, v in record.outputs.items() if k is not c.Analysis}))
    assert numbers.linked("x", ValueRef(expression="cosine.steps")) == Text(text="{{cosine.steps}}")
    assert not numbers.has("lit.screened")
