"""The pipeline as a whole: numbers, names, and that nothing is asked for that nobody makes."""

from stages.pipeline import PIPELINE
from stages.stage import GIVEN

NAMES = (
    "topic_init problem_decompose search_strategy literature_collect literature_screen knowledge_extract synthesis "
    "hypothesis_gen experiment_design code_generation resource_planning experiment_run iterative_refine result_analysis "
    "research_decision paper_outline paper_draft peer_review paper_revision quality_gate knowledge_archive export_publish "
    "citation_verify"
).split()


def test_there_are_23_stages_in_the_order_of_the_design() -> None:
    assert [stage.name for stage in PIPELINE] == NAMES
    assert [stage.number for stage in PIPELINE] == list(range(1, 24))


def test_the_gates_are_5_9_and_20() -> None:
    assert [stage.number for stage in PIPELINE if stage.gate] == [5, 9, 20]


def test_phases_run_from_a_to_h() -> None:
    phases = [stage.phase[0] for stage in PIPELINE]
    assert phases == sorted(phases)
    assert set(phases) == set("ABCDEFGH")


def test_each_input_is_produced_upstream() -> None:
    known = set(GIVEN)
    for stage in PIPELINE:
        missing = set(stage.needs) - known
        assert not missing, f"{stage.task_name} asks for {missing}, which nobody upstream makes"
        known.add(stage.output)


def test_every_input_is_asked_for_by_one_type() -> None:
    for stage in PIPELINE:
        assert len(stage.needs) == len(stage.inputs.model_fields), f"{stage.task_name} has an input that is no contract"


def test_no_output_type_is_made_twice() -> None:
    outputs = [stage.output for stage in PIPELINE]
    assert len(set(outputs)) == len(outputs)


def test_every_stage_has_a_summary() -> None:
    for stage in PIPELINE:
        assert stage.summary, stage.task_name
        assert stage.summary.endswith("."), stage.task_name
