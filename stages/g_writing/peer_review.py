"""Stage 18: review the manuscript: rules first, then three independent readers, then an area chair."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from stages.asking import accepted, at_once
from stages.contracts import Contract, Manuscript, Review, Reviews, Slug, Weakness
from stages.g_writing import paper_outline
from stages.g_writing.against_record import claims, faults
from stages.g_writing.as_printed import AsPrinted, as_printed
from stages.g_writing.claims import Claim, Sentence, sentences
from stages.g_writing.document import labels
from stages.g_writing.markdown import parse
from stages.g_writing.mechanical_review import mechanical_review
from stages.g_writing.passages import chosen, main_text
from stages.g_writing.patches import canonical
from stages.g_writing.record import PaperRecord
from stages.g_writing.value_list import value_lines
from stages.ports import Context, Question

Role = Literal["experiments", "method", "clarity"]
ROLES: tuple[Role, ...] = ("experiments", "method", "clarity")

_READS: dict[Role, tuple[str, ...]] = {
    "experiments": ("abstract", "setup", "results", "ablations", "limitations", "conclusion"),
    "method": ("abstract", "introduction", "method", "discussion", "limitations", "conclusion"),
}

SHORTEST_QUOTE = 12
"""Characters of a quotation that tell a sentence from others; 'the' stands everywhere (a guess)."""

INSERT = "Insert after the quoted sentence: "
"""How a required change begins that asks for a wording; what follows is the wording, in the manuscript's dialect."""


class Inputs(paper_outline.Inputs):
    manuscript: Manuscript


class ReviewQuestion(Question):
    """What are the strengths and weaknesses of the paper, read for one side of it?

    A language model sees the sections that its side is about, the claims, the code, the runs and the values; the record is for a
    mind that works by rules.
    """

    template: ClassVar[str] = "g_writing/peer_review.md.j2"
    judges: ClassVar[bool] = True

    role: Role
    manuscript: Manuscript
    sentences: tuple[Sentence, ...]
    claims: tuple[Claim, ...]
    mechanical: Review
    record: PaperRecord
    text: str = Field(description="The sections that the role reads, with values as they will be printed.")
    facts: tuple[str, ...] = Field(description="Code, checks and runs of each condition.")
    values: tuple[str, ...] = Field(description="Key beside value.")


class AreaChairQuestion(Question):
    """Which of the changes that the reviewers ask for must be made?"""

    template: ClassVar[str] = "g_writing/area_chair.md.j2"
    judges: ClassVar[bool] = True

    manuscript: Manuscript
    reviews: tuple[Review, ...]
    text: str = Field(description="Where a paper says what a reviewer may miss: abstract, limitations, conclusion.")

    @property
    def asked_for(self) -> dict[Slug, Weakness]:
        """Every weakness that asks for a change, by its id."""
        return {weakness.id: weakness for review in self.reviews for weakness in review.weaknesses if weakness.required_change}

    def faults(self, answer: RequiredChanges) -> Iterator[str]:
        if strangers := sorted(set(answer.ids) - self.asked_for.keys()):
            yield f"the area chair requires changes that no reviewer asked for: {strangers}"


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
    printed = as_printed(manuscript.markdown, record.results)
    mechanical = mechanical_review(document, text, table, faults(document, manuscript.figures, record), record)

    def read(role: Role) -> Review:
        question = ReviewQuestion(
            role=role,
            manuscript=manuscript,
            sentences=text,
            claims=table,
            mechanical=mechanical,
            record=record,
            text=read_by(role, printed.text),
            facts=evidence(record) if role == "experiments" else (),
            values=value_lines(record.results, ("conditions", "comparisons")) if role == "experiments" else (),
        )
        answer = ctx.model.ask(question, answer=Review)
        return with_checked_quotes(answer, role, manuscript.markdown, labels(document), printed)

    reviews = (mechanical, *at_once(read, ROLES))
    question = AreaChairQuestion(
        manuscript=manuscript, reviews=reviews, text=chosen(manuscript.markdown, ("abstract", "limitations", "conclusion"))
    )
    asked = question.asked_for
    wanted = accepted(ctx, question, RequiredChanges).ids
    by_rule = {weakness.id for weakness in mechanical.weaknesses if weakness.severity == "major"}
    required = tuple(weakness for name, weakness in asked.items() if name in wanted or name in by_rule)
    return Reviews(reviews=reviews, required=required)


def read_by(role: Role, markdown: str) -> str:
    """What a role reads: clarity the whole main text, the others the sections that its questions are about."""
    return chosen(markdown, _READS[role]) if role in _READS else main_text(markdown)


def evidence(record: PaperRecord) -> tuple[str, ...]:
    """What a reviewer of the experiments can hold the text against: each condition's code and runs, and what went wrong."""
    proved = {facts.condition: facts for facts in record.code}
    lines = []
    for contrast in record.plan.conditions:
        constants = ", ".join(f"{name} = {literal}" for name, literal in contrast.settings.items()) or "nothing"
        result = record.results.conditions.get(contrast.id)
        seeds = result.metrics[record.results.metric.name].n if result else 0
        checks = ", ".join(proved[contrast.id].checks) if contrast.id in proved else ""
        lines.append(
            f"{contrast.id} ({contrast.role}) changes {constants}; "
            + (f"code checks passed: {checks}; " if checks else "")
            + f"{seeds} of {len(record.plan.seeds)} seeds have a score"
        )
    lines += [f"failed: {run.condition}, seed {run.seed}: {run.verdict}, {run.reason}" for run in record.failed]
    return (*lines, *(f"deviation: {text}" for text in record.deviations), *(f"repair: {text}" for text in record.repairs))


def with_checked_quotes(review: Review, role: Role, markdown: str, known_labels: frozenset[str], printed: AsPrinted) -> Review:
    """The review under the role's name, without the weaknesses that quote nothing from the manuscript; how many is said.

    What quotes printed values quotes the manuscript's own words afterwards, where these values stand by key.
    """
    plain = _plain(markdown)
    kept = []
    for weakness in review.weaknesses:
        if weakness.quote.removeprefix("@") in known_labels:
            kept.append(weakness)
        elif len(weakness.quote.strip()) >= SHORTEST_QUOTE:
            own = weakness.quote if _plain(weakness.quote) in plain else printed.own_words(weakness.quote)
            kept += [] if own is None else [weakness.model_copy(update={"quote": own})]
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


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
