"""Where things that are measured once are kept."""

from pathlib import Path

from researchclaw import wiring
from researchclaw.journal import Journal
from researchclaw.settings import Settings
from stages.ports import Question


class SynonymQuestion(Question):
    template = "none"
    word: str


def test_the_state_lies_below_the_output_folder(tmp_path: Path) -> None:
    settings = Settings(output=tmp_path)
    assert wiring.state_around(settings, tmp_path / "elsewhere") == tmp_path / ".state"


def test_inside_a_run_it_is_that_of_the_runs_project(tmp_path: Path) -> None:
    run = tmp_path / "project" / "rc-1"
    (run / "deliverables").mkdir(parents=True)
    (run / "run.json").write_text("{}")
    assert wiring.state_around(Settings(output=Path("artifacts")), run / "deliverables") == tmp_path / "project" / ".state"


def test_the_texts_of_a_layout_are_its_frame_its_facts_and_the_style() -> None:
    assert set(wiring.paper_templates("neurips")) == {
        "paper/neurips/frame.tex",
        "paper/neurips/layout.json",
        "paper/neurips/official.tex",
        "paper/rcpaper.sty",
    }


def test_the_names_of_the_sources_are_those_of_the_library_itself(tmp_path: Path) -> None:
    for mode in ("offline", "cache-first"):
        settings = Settings.model_validate({"output": tmp_path, "literature": {"mode": mode}})
        tmp_path.joinpath(".state").mkdir(exist_ok=True)
        assert wiring.source_names(settings) == wiring.library(settings).sources


def test_the_paper_names_who_thinks_and_for_recorded_answers_who_thought(tmp_path: Path) -> None:
    assert wiring.researcher_of(Settings()) == "rule-based researcher"
    assert wiring.researcher_of(Settings.model_validate({"llm": {"provider": "openai", "model": "gpt-5"}})) == "gpt-5"
    with Journal(tmp_path / "journal.jsonl") as journal:
        question = SynonymQuestion(word="loss")
        journal.record("model call: gpt-5; prompts 12345678", question, question)
    settings = Settings.model_validate({"llm": {"provider": "canned", "answers": str(tmp_path)}})
    assert wiring.researcher_of(settings) == "gpt-5"
    assert wiring.language_model(settings, "").ask(question, SynonymQuestion) == question
