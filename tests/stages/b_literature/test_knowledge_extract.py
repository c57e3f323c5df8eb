"""Cards rest on spans that stand in their source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import pytest

from stages.b_literature import knowledge_extract
from stages.contracts import Goal, KnowledgeCard, Shortlist, Work
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
    name: str = "quoting"

    def ask(self, question: Question, answer: type[Answer]) -> Answer:
        card = {"key": LIVE.key, "claim": "Berg lets steps grow.", "about": (), "span": self.span, "span_source": self.span_source}
        return cast("Answer", KnowledgeCard.model_validate(card))


def read(context: Context, mind: Quoting, *works: Work) -> tuple[KnowledgeCard, ...]:
    shortlist = Shortlist.model_construct(works=works)
    inputs = knowledge_extract.Inputs.model_construct(goal=Goal.model_construct(), shortlist=shortlist)
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
