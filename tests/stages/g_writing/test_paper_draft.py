"""Stage 17: assembly, mending and refusal."""

import importlib.util
from pathlib import Path

import pytest

from stages.errors import ManuscriptRefused
from stages.g_writing import paper_draft, paper_outline
from stages.g_writing.markdown import parse
from stages.g_writing.paper_draft import Inputs, Mended, MendQuestion, Patch, SectionDraft, SectionQuestion

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
            self.complaints.append(question.found)
            good = len(self.complaints) >= self.patience
            after = "The question on the schedule stays open." if good else self.spoilt
            return Mended(patches=(Patch(before=self.spoilt, after=after),))
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
    assert "bound" not in manuscript.model_dump(mode="json")


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


def test_a_patch_that_fits_nowhere_leaves_its_fault_to_the_next_round(inputs, studies):
    class Elsewhere(Careless):
        def ask(self, question, answer):
            if isinstance(question, MendQuestion) and not self.complaints:
                self.complaints.append(question.found)
                return Mended(patches=(Patch(before="Words that stand nowhere.", after="Nothing."),))
            return super().ask(question, answer)

    mind = Elsewhere(studies.context().model, "The loss falls by 0.3 bits.", patience=2)
    manuscript = paper_draft.run(inputs, studies.with_mind(mind))
    assert mind.complaints[0] == mind.complaints[1]
    assert "0.3" not in manuscript.markdown


def test_a_label_that_two_sections_give_is_mended_in_the_later_one(inputs, studies):
    spoilt = "### Once more {#sec:results}\n\nThe question stays open."
    mind = Careless(studies.context().model, spoilt, patience=1)
    paper_draft.run(inputs, studies.with_mind(mind))
    assert mind.complaints == [("the label sec:results stands in Results already",)]


def test_a_comparison_that_the_record_contradicts_is_given_back(inputs, studies):
    spoilt = "A constant learning rate is better than cosine decay ({{diff(constant,baseline).val_bpb|signed3}} bpb)."
    mind = Careless(studies.context().model, spoilt, patience=1)
    paper_draft.run(inputs, studies.with_mind(mind))
    assert any("contradicted" in line for line in mind.complaints[0])


def test_a_section_is_shown_what_it_needs_and_no_more(inputs, studies):
    asked = []

    class Curious(Careless):
        def ask(self, question, answer):
            asked.append(question)
            return self.mind.ask(question, answer)

    paper_draft.run(inputs, studies.with_mind(Curious(studies.context().model, "", 0)))
    sections = {question.section.id: question for question in asked if isinstance(question, SectionQuestion)}
    assert not any(name.startswith("appendix_") for name in sections)
    assert any("diff" in line and "ci_low" in line for line in sections["abstract"].values)
    assert not sections["related_work"].values
    assert {work.key for work in sections["related_work"].works} == set(sections["related_work"].section.keys)
    placed = [figure.id for question in sections.values() for figure in question.figures]
    assert len(placed) == len(set(placed))


def test_a_typed_number_that_the_record_holds_is_put_by_reference_before_anybody_is_asked(inputs, studies):
    mean = f"{inputs.analysis.results.conditions['constant'].metrics['val_bpb'].mean:.3f}"
    typed = f"A constant learning rate reaches {mean} bpb in the mean over three seeds."
    mind = Careless(studies.context().model, typed, patience=99)
    manuscript = paper_draft.run(inputs, studies.with_mind(mind))
    assert not mind.complaints
    (one,) = manuscript.bound
    assert (one.place, one.typed) == ("sec:conclusion", typed)
    assert one.bound == (
        "A constant learning rate reaches {{constant.val_bpb.mean|f3}} bpb in the mean over {{constant.val_bpb.n|words}} seeds."
    )
    assert one.bound in manuscript.markdown and typed not in manuscript.markdown


def test_what_the_record_leaves_open_or_denies_is_given_back_with_its_reference_or_the_reason(inputs, studies):
    results = inputs.analysis.results
    mean = f"{results.conditions['constant'].metrics['val_bpb'].mean:.3f}"
    made = results.comparisons["linear_vs_baseline"]["val_bpb"]
    assert made.verdict == "not distinguishable"
    compared = f"Linear decay is {'worse' if made.mean_diff > 0 else 'better'} than the baseline by {abs(made.mean_diff):.5f} bpb."
    spoilt = f"Linear decay reaches {mean} bpb. A constant learning rate with restarts reaches {mean} bpb. {compared}"
    mind = Careless(studies.context().model, spoilt, patience=1)
    manuscript = paper_draft.run(inputs, studies.with_mind(mind))
    assert not manuscript.bound
    (lines,) = mind.complaints
    assert any(f"no reference is proposed: '{mean}'" in line for line in lines)
    assert any(f"write {{{{constant.val_bpb.mean|f3}}}} for '{mean}'" in line for line in lines)
    assert any("absdiff(linear,baseline).val_bpb|f5" in line for line in lines)
