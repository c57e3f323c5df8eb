"""Stage 17: assembly, mending and refusal."""

import importlib.util
from pathlib import Path

import jinja2
import pytest

from stages.errors import ManuscriptRefused
from stages.g_writing import paper_draft, paper_outline
from stages.g_writing.markdown import parse
from stages.g_writing.paper_draft import Inputs, MendQuestion, SectionDraft, SectionQuestion

ROOT = Path(__file__).resolve().parents[3]
TOPIC = "Does the learning-rate schedule matter for tiny byte-level language models?"


@pytest.fixture(scope="module")
def studies():
    spec = importlib.util.spec_from_file_location("studies", Path(__file__).with_name("studies.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def inputs(studies):
    before = studies.finished(TOPIC, {"constant": 0.08})
    return Inputs(**before, outline=paper_outline.run(paper_outline.Inputs(**before), studies.context()))


class Careless:
    """Writes by the rules, but spoils the conclusion; mends it when shown the fault so many times."""

    name = "careless"

    def __init__(self, mind, spoilt: str, patience: int) -> None:
        self.mind, self.spoilt, self.patience = mind, spoilt, patience
        self.complaints: list[tuple[str, ...]] = []

    def ask(self, question, answer):
        if isinstance(question, MendQuestion):
            self.complaints.append(question.complaints)
            good = len(self.complaints) >= self.patience
            return SectionDraft(markdown="The question on the schedule stays open." if good else self.spoilt)
        if isinstance(question, SectionQuestion) and question.section.id == "conclusion":
            return SectionDraft(markdown=self.spoilt)
        return self.mind.ask(question, answer)


def test_the_sections_stand_in_order_and_the_appendices_are_marked(inputs, studies):
    manuscript = paper_draft.run(inputs, studies.context())
    document = parse(manuscript.markdown)
    top = [section for section in document.sections if section.level == 1]
    assert [section.id for section in top] == [section.id for section in inputs.outline.sections[1:]]
    assert all(section.appendix == section.id.startswith("appendix_") for section in top)
    assert manuscript.authors == ("A. Author",)
    assert manuscript.figures == inputs.outline.figures


@pytest.mark.parametrize(
    "spoilt",
    [
        "The loss falls by 0.3 bits.",
        "Training with cosine decay is significantly better.",
        "As shown before [@invented2026work].",
        "The mean is {{constant.val_bpb.mode|f3}}.",
        "> a quotation block",
    ],
    ids=["numeral", "claim", "citation", "value", "form"],
)
def test_a_writer_gets_its_own_faults_back_and_may_mend_them(inputs, studies, spoilt):
    mind = Careless(studies.context().model, spoilt, patience=2)
    manuscript = paper_draft.run(inputs, studies.with_mind(mind))
    assert "The question on the schedule stays open." in manuscript.markdown
    assert len(mind.complaints) == 2
    assert all(lines for lines in mind.complaints)


def test_a_draft_that_is_not_mended_is_refused_with_its_first_fault(inputs, studies):
    mind = Careless(studies.context().model, "The loss falls by 0.3 bits.", patience=99)
    with pytest.raises(ManuscriptRefused, match=r"0\.3"):
        paper_draft.run(inputs, studies.with_mind(mind))
    assert len(mind.complaints) == paper_draft.MENDING_ROUNDS


def test_the_prompts_render_with_their_questions_alone(inputs, studies):
    record = paper_outline.record_of(inputs, studies.context())
    shared = {
        "record": record,
        "outline": inputs.outline,
        "section": inputs.outline.sections[1],
        "citable": tuple(sorted(record.citable)),
        "values": ("baseline.val_bpb.mean",),
    }
    questions = (
        SectionQuestion(**shared, guidance=()),
        MendQuestion(**shared, markdown="Text.", complaints=("a numeral is typed",)),
    )
    loader = jinja2.FileSystemLoader(ROOT / "templates" / "prompts")
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined)
    for question in questions:
        text = environment.get_template(question.template).render(
            {name: getattr(question, name) for name in type(question).model_fields}
        )
        assert "baseline.val_bpb.mean" in text
        assert "{{expression|format}}" in text
