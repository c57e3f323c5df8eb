"""Cards rest on spans that stand in their source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from stages.b_literature import knowledge_extract
from stages.b_literature.knowledge_extract import CardsQuestion
from stages.contracts import Goal, KnowledgeCard, KnowledgeCards, Shortlist, TopicMatch, Work
from stages.errors import EvidenceMissing, MalformedAnswer
from stages.ports import Answer, Context, Question

LIVE = Work(
    key="berg2021warm",
    title="Warm-up",
    authors=("Ada Berg",),
    year=2021,
    venue="V",
    type="journal",
    confirmed_by=("openalex",),
    abstract="Steps grow. They grow linearly.",
)


@dataclass
class Quoting:
    """A mind that quotes what it is told to."""

    span: str
    span_source: str = "abstract"
    about: tuple[str, ...] = ()
    name: str = "quoting"
    asked: list[CardsQuestion] = field(default_factory=list)

    def ask(self, question: Question, answer: type[Answer]) -> Answer:
        assert isinstance(question, CardsQuestion)
        self.asked.append(question)
        cards = tuple(
            KnowledgeCard.model_validate(
                {
                    "key": work.key,
                    "claim": "Berg lets steps grow.",
                    "about": self.about,
                    "span": self.span if work.abstract else work.gist,
                    "span_source": self.span_source if work.abstract else "gist",
                }
            )
            for work in question.works
        )
        return cast("Answer", KnowledgeCards(cards=cards))


def read(context: Context, mind: Quoting, *works: Work) -> tuple[KnowledgeCard, ...]:
    shortlist = Shortlist.model_construct(works=works)
    inputs = knowledge_extract.Inputs.model_construct(
        goal=Goal.model_construct(matches=(TopicMatch(factor="warmup", words=()),)), shortlist=shortlist
    )
    return knowledge_extract.run(inputs, replace(context, model=mind)).cards


def test_a_card_may_quote_the_abstract(make_context: Callable[..., Context]) -> None:
    (card,) = read(make_context(), Quoting("They grow linearly."), LIVE)
    assert card.span_source == "abstract"


@pytest.mark.parametrize("mind", [Quoting("They grow quickly."), Quoting("Steps grow.", span_source="gist")])
def test_a_span_that_is_not_in_its_source_is_refused(mind: Quoting, make_context: Callable[..., Context]) -> None:
    with pytest.raises(MalformedAnswer, match="a span that is not in its"):
        read(make_context(), mind, LIVE)


def test_a_work_without_a_text_gives_no_card(make_context: Callable[..., Context]) -> None:
    with pytest.raises(EvidenceMissing):
        read(make_context(), Quoting("x"), LIVE.model_copy(update={"abstract": None}))


def test_a_span_is_compared_with_what_a_reader_sees(make_context: Callable[..., Context]) -> None:
    hidden = LIVE.model_copy(update={"abstract": "Steps\u200b grow.\u202e They grow."})
    (card,) = read(make_context(), Quoting("Steps grow."), hidden)
    assert card.span == "Steps grow."


def test_a_foreign_abstract_is_read_alone_and_our_own_summaries_together(make_context: Callable[..., Context]) -> None:
    ours = tuple(LIVE.model_copy(update={"key": f"a{n}", "gist": f"let step {n} grow", "abstract": None}) for n in range(10))
    mind = Quoting("Steps grow.")
    cards = read(make_context(), mind, ours[0], LIVE, *ours[1:])
    assert sorted(len(question.works) for question in mind.asked) == [1, 2, 8]
    assert [card.key for card in cards] == ["a0", LIVE.key, *(work.key for work in ours[1:])]


@pytest.mark.parametrize("about", [("praise",), ("warmup", "everything")])
def test_a_card_is_about_nothing_outside_the_closed_list(about: tuple[str, ...], make_context: Callable[..., Context]) -> None:
    with pytest.raises(MalformedAnswer, match="no tag of the work"):
        read(make_context(), Quoting("Steps grow.", about=about), LIVE)


def test_a_card_for_another_work_is_refused_after_every_round(make_context: Callable[..., Context]) -> None:
    class Confused(Quoting):
        def ask(self, question: Question, answer: type[Answer]) -> Answer:
            given = super().ask(question, answer)
            return given.model_copy(update={"cards": (given.cards[0].model_copy(update={"key": "invented2026work"}),)})  # type: ignore[attr-defined]

    mind = Confused("Steps grow.")
    with pytest.raises(MalformedAnswer, match="invented2026work"):
        read(make_context(), mind, LIVE)
    assert [bool(question.complaints) for question in mind.asked] == [False, True, True]
