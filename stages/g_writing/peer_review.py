"""Stage 18: review the manuscript: rules first, then three independent readers, then an area chair."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, Literal

from stages.contracts import Contract, Manuscript, Review, Reviews, Slug, Weakness
from stages.errors import MalformedAnswer
from stages.g_writing import paper_outline
from stages.g_writing.against_record import claims, faults
from stages.g_writing.claims import Claim, Sentence, sentences
from stages.g_writing.document import labels
from stages.g_writing.markdown import parse
from stages.g_writing.mechanical_review import mechanical_review
from stages.g_writing.patches import canonical
from stages.g_writing.record import PaperRecord
from stages.ports import Context, Question

Role = Literal["experiments", "method", "clarity"]
ROLES: tuple[Role, ...] = ("experiments", "method", "clarity")

INSERT = "Insert after the quoted sentence: "
"""How a required change begins that asks for a wording; what follows is the wording, in the manuscript's dialect."""


class Inputs(paper_outline.Inputs):
    manuscript: Manuscript


class ReviewQuestion(Question):
    """What are the strengths and weaknesses of the paper, read for one side of it?

    A language model sees the paper, the claims and what the rules found; the record is for a mind that works by rules.
    """

    template: ClassVar[str] = "g_writing/peer_review.md.j2"

    role: Role
    manuscript: Manuscript
    sentences: tuple[Sentence, ...]
    claims: tuple[Claim, ...]
    mechanical: Review
    record: PaperRecord


class AreaChairQuestion(Question):
    """Which of the changes that the reviewers ask for must be made?"""

    template: ClassVar[str] = "g_writing/area_chair.md.j2"

    manuscript: Manuscript
    reviews: tuple[Review, ...]


class RequiredChanges(Contract):
    """Ids of weaknesses whose change must be made before the paper can go out."""

    ids: tuple[Slug, ...]


def run(inputs: Inputs, ctx: Context) -> Reviews:
    """All reviews, every weakness tied to a sentence, table or figure, and the changes that are required.

    Raises:
        MalformedAnswer: the area chair requires a change that no reviewer asked for.
    """
    record = paper_outline.record_of(inputs, ctx)
    manuscript = canonical(inputs.manuscript)
    document = parse(manuscript.markdown, manuscript.authors)
    text = sentences(document)
    table = claims(document, record)
    mechanical = mechanical_review(document, text, table, faults(document, manuscript.figures, record), record)

    def read(role: Role) -> Review:
        question = ReviewQuestion(role=role, manuscript=manuscript, sentences=text, claims=table, mechanical=mechanical, record=record)
        answer = ctx.model.ask(question, answer=Review)
        return with_checked_quotes(answer, role, manuscript.markdown, labels(document))

    with ThreadPoolExecutor(max_workers=len(ROLES)) as pool:
        reviews = (mechanical, *pool.map(read, ROLES))
    chosen = ctx.model.ask(AreaChairQuestion(manuscript=manuscript, reviews=reviews), answer=RequiredChanges)
    return Reviews(reviews=reviews, required=_required(reviews, chosen))


def with_checked_quotes(review: Review, role: Role, markdown: str, known_labels: frozenset[str]) -> Review:
    """The review under the role's name, without the weaknesses that quote nothing from the manuscript; how many is said."""
    plain = _plain(markdown)
    kept = [
        w for w in review.weaknesses if w.quote.removeprefix("@") in known_labels or (w.quote.strip() and _plain(w.quote) in plain)
    ]
    dropped = len(review.weaknesses) - len(kept)
    note = f" Dropped because their quotation is not in the manuscript: {dropped}." if dropped else ""
    return review.model_copy(
        update={
            "reviewer": role,
            "summary": review.summary + note,
            "weaknesses": tuple(
                weakness.model_copy(update={"id": f"{role}_{number}", "reviewer": role}) for number, weakness in enumerate(kept, 1)
            ),
        }
    )


def _required(reviews: tuple[Review, ...], chosen: RequiredChanges) -> tuple[Weakness, ...]:
    """What the rules found major is required whatever the chair says; the chair adds what readers asked for."""
    asked = {weakness.id: weakness for review in reviews for weakness in review.weaknesses if weakness.required_change}
    if strangers := sorted(set(chosen.ids) - asked.keys()):
        raise MalformedAnswer(f"the area chair requires changes that no reviewer asked for: {strangers}")
    by_rule = {weakness.id for weakness in reviews[0].weaknesses if weakness.severity == "major"}
    return tuple(weakness for name, weakness in asked.items() if name in chosen.ids or name in by_rule)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
