"""Stage 19: answer each required change by a patch or by a reason why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from stages.asking import accepted
from stages.contracts import ChangeAnswer, Contract, Guidance, Manuscript, Reviews, RevisedManuscript, Weakness
from stages.g_writing import paper_outline
from stages.g_writing.claims import Sentence, sentences
from stages.g_writing.markdown import parse
from stages.g_writing.passages import around, main_text
from stages.g_writing.patches import apply_answers, canonical
from stages.g_writing.record import PaperRecord
from stages.g_writing.value_list import Family, how_to_write, value_lines
from stages.ports import Context, Question

_SHOWN: tuple[Family, ...] = ("conditions", "comparisons", "references")
ROUNDS = 2
"""Times that a change may be tried: the second sees why the first was refused."""


class Inputs(paper_outline.Inputs):
    manuscript: Manuscript
    reviews: Reviews


class RevisionQuestion(Question):
    """How is each required change, and each word of guidance, answered in the text?"""

    template: ClassVar[str] = "g_writing/paper_revision.md.j2"

    manuscript: Manuscript
    sentences: tuple[Sentence, ...]
    required: tuple[Weakness, ...]
    guidance: tuple[Weakness, ...] = Field(description="A person's words, as changes with ids 'guidance_1' …; the quote is empty.")
    refused: tuple[ChangeAnswer, ...] = Field(description="Answers of the round before that could not be applied, with the reason.")
    shown: str = Field(description="The passages that the changes are about; the main text where a person asks for something.")
    citable: tuple[str, ...]
    values: tuple[str, ...] = Field(description="Key beside value.")
    examples: tuple[str, ...]

    def faults(self, answer: RevisionAnswers) -> Iterator[str]:
        wanted = sorted(weakness.id for weakness in (*self.required, *self.guidance))
        got = [given.id for given in answer.answers]
        if sorted(got) != wanted:
            yield f"the revision must answer each of {wanted} once; it answered {got}"


class RevisionAnswers(Contract):
    """One answer for each id; a patch is `before` (verbatim, once in the text) and `after`."""

    answers: tuple[ChangeAnswer, ...]


def run(inputs: Inputs, ctx: Context) -> RevisedManuscript:
    """The revised manuscript with one answer for each required change and each word of guidance.

    Raises:
        MalformedAnswer: an id was not answered, or one was answered that nobody asked about.
    """
    record = paper_outline.record_of(inputs, ctx)
    manuscript = canonical(inputs.manuscript)
    guidance = tuple(_as_change(number, item) for number, item in enumerate(ctx.guidance, 1))
    pending = (*inputs.reviews.required, *guidance)
    settled: dict[str, ChangeAnswer] = {}
    for _ in range(ROUNDS):
        if not pending:
            break
        ids = {weakness.id for weakness in pending}
        given = _ask(manuscript, pending, guidance, tuple(settled[name] for name in sorted(ids & settled.keys())), record, ctx)
        manuscript, outcome = apply_answers(manuscript, given, record)
        tried = {answer.id for answer in given if answer.done}
        settled |= {answer.id: answer for answer in outcome}
        pending = tuple(weakness for weakness in pending if weakness.id in tried and not settled[weakness.id].done)
    order = [weakness.id for weakness in (*inputs.reviews.required, *guidance)]
    return RevisedManuscript(manuscript=manuscript, answers=tuple(settled[name] for name in order))


def _ask(
    manuscript: Manuscript,
    pending: tuple[Weakness, ...],
    guidance: tuple[Weakness, ...],
    refused: tuple[ChangeAnswer, ...],
    record: PaperRecord,
    ctx: Context,
) -> tuple[ChangeAnswer, ...]:
    by_person = {weakness.id for weakness in guidance}
    question_of_a_person = any(weakness.id in by_person for weakness in pending)
    question = RevisionQuestion(
        manuscript=manuscript,
        sentences=sentences(parse(manuscript.markdown, manuscript.authors)),
        required=tuple(weakness for weakness in pending if weakness.id not in by_person),
        guidance=tuple(weakness for weakness in pending if weakness.id in by_person),
        refused=refused,
        shown=main_text(manuscript.markdown)
        if question_of_a_person
        else around(manuscript.markdown, tuple(weakness.quote for weakness in pending)),
        citable=tuple(sorted(record.citable)),
        values=value_lines(record.results, _SHOWN),
        examples=tuple(how_to_write(record.results, _SHOWN)),
    )
    return accepted(ctx, question, RevisionAnswers).answers


def _as_change(number: int, item: Guidance) -> Weakness:
    return Weakness(
        id=f"guidance_{number}",
        reviewer=item.by,
        quote="",
        text=item.message,
        severity="major",
        required_change=item.message,
    )
