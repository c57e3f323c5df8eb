"""Stage 16 on studies made by the real rules, with runs whose values the test sets."""

import importlib.util
from pathlib import Path

import pytest

from stages.contracts import Outline
from stages.errors import MalformedAnswer
from stages.g_writing import paper_outline
from stages.g_writing.paper_outline import SECTIONS, Inputs

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
    return Inputs(**studies.finished(TOPIC, {"constant": 0.08}))


class Stubborn:
    """A mind that answers with one outline, whatever it is asked."""

    name = "stubborn"

    def __init__(self, outline: Outline) -> None:
        self.outline = outline

    def ask(self, question, answer):
        return self.outline


def test_the_outline_has_every_section_in_order_and_at_least_three_figures(inputs, studies):
    outline = paper_outline.run(inputs, studies.context())
    assert tuple((section.id, section.title) for section in outline.sections) == SECTIONS
    assert {"learning_curves", "difference_forest", "seed_dots", "prisma"} <= {figure.kind for figure in outline.figures}
    assert all(len(figure.caption.split()) >= 8 for figure in outline.figures)
    assert not any(character.isdigit() for character in outline.title)


def test_the_title_follows_the_data(inputs, studies):
    found = paper_outline.run(inputs, studies.context()).title
    null = paper_outline.run(Inputs(**studies.finished(TOPIC, {}, noise=0.02)), studies.context()).title
    assert found.endswith("an undecided main question and some clearer answers")  # the usual level leads and is left open
    assert "clearer" not in null


def test_a_work_that_is_not_on_the_shortlist_cannot_be_planned(inputs, studies):
    context = studies.context()
    outline = paper_outline.run(inputs, context)
    first = outline.sections[0].model_copy(update={"keys": ("invented2026work",)})
    wrong = outline.model_copy(update={"sections": (first, *outline.sections[1:])})
    with pytest.raises(MalformedAnswer, match="invented2026work"):
        paper_outline.run(inputs, studies.with_mind(Stubborn(wrong)))


def test_a_figure_of_what_was_not_measured_is_refused(inputs, studies):
    outline = paper_outline.run(inputs, studies.context())
    figure = outline.figures[0].model_copy(update={"conditions": ("dreamt_up",)})
    with pytest.raises(MalformedAnswer, match="dreamt_up"):
        paper_outline.run(inputs, studies.with_mind(Stubborn(outline.model_copy(update={"figures": (figure,)}))))
