"""Cards rest on spans that stand in their source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from stages.b_literature import knowledge_extract
from stages.b_literature.knowledge_extract import CardsQuestion
from stages.contracts import Goal, KnowledgeCard, KnowledgeCards, Passage, Reading, Shortlist, TopicMatch, Work
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
                    "span": work.gist if work.gist and not work.abstract else self.span,
                    "span_source": "gist" if work.gist and not work.abstract else self.span_source,
                }
            )
            for work in question.works
        )
        return cast("Answer", KnowledgeCards(cards=cards))


def extracted(context: Context, mind: Quoting, *works: Work) -> KnowledgeCards:
    shortlist = Shortlist.model_construct(works=works)
    goal = Goal.model_construct(question="Do steps grow?", topic="steps", matches=(TopicMatch(factor="warmup", words=()),))
    inputs = knowledge_extract.Inputs.model_construct(goal=goal, shortlist=shortlist)
    return knowledge_extract.run(inputs, replace(context, model=mind))


def read(context: Context, mind: Quoting, *works: Work) -> tuple[KnowledgeCard, ...]:
    return extracted(context, mind, *works).cards


def test_a_card_may_quote_the_abstract(make_context: Callable[..., Context]) -> None:
    (card,) = read(make_context(), Quoting("They grow linearly."), LIVE)
    assert card.span_source == "abstract"


@pytest.mark.parametrize("mind", [Quoting("They grow quickly."), Quoting("Steps grow.", span_source="gist")])
def test_a_span_that_is_not_in_its_source_is_refused(mind: Quoting, make_context: Callable[..., Context]) -> None:
    with pytest.raises(MalformedAnswer, match="a span that is not in its"):
        read(make_context(), mind, LIVE)
    sound = LIVE.model_copy(update={"key": "sound2021work", "abstract": mind.span, "gist": mind.span})
    (refused,) = extracted(make_context(), mind, LIVE, sound).refused
    assert refused.key == LIVE.key
    assert f"rests on a span that is not in its {mind.span_source}" in refused.reason


@dataclass
class Shelved:
    """A library that has the full text of every work."""

    reading: Reading

    def passages(self, work: Work, words: str) -> Reading:
        return self.reading


FULL = Reading(
    source="berg.pdf", passages=(Passage(page=3, text="Steps grow."), Passage(page=7, text="They grow linearly, then fall."))
)


def test_a_span_of_the_full_text_is_anchored_to_its_page(make_context: Callable[..., Context]) -> None:
    context = replace(make_context(), library=cast("Any", Shelved(FULL)))
    (card,) = read(context, Quoting("They grow linearly,", span_source="full text"), LIVE.model_copy(update={"abstract": None}))
    assert (card.page, card.text_source) == (7, "berg.pdf")
    with pytest.raises(MalformedAnswer, match="not in its full text"):
        read(context, Quoting("They never grow.", span_source="full text"), LIVE)


def test_the_rules_quote_the_sentence_that_is_on_the_claim(make_context: Callable[..., Context]) -> None:
    text = "Rates matter. We found that warm-up lets networks train stably with large learning rates from the start. Thanks to all."
    context = replace(make_context(), library=cast("Any", Shelved(Reading(source="b.pdf", passages=(Passage(page=2, text=text),)))))
    work = LIVE.model_copy(update={"gist": "found that warm-up lets networks train stably with large learning rates"})
    inputs = knowledge_extract.Inputs.model_construct(
        goal=Goal.model_construct(question="q", topic="t", matches=()), shortlist=Shortlist.model_construct(works=(work,))
    )
    (card,) = knowledge_extract.run(inputs, context).cards
    assert [(quote.page, quote.text) for quote in card.quotes] == [
        (2, "We found that warm-up lets networks train stably with large learning rates from the start.")
    ]


def test_a_span_as_long_as_a_page_points_at_nothing(make_context: Callable[..., Context]) -> None:
    with pytest.raises(MalformedAnswer, match="a span is a sentence or a few"):
        read(make_context(), Quoting("x" * 900), LIVE.model_copy(update={"abstract": "x" * 900}))


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
    assert sorted(len(question.works) for question in mind.asked) == [1, 10]
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
