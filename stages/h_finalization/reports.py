"""The delivered files that people read beside the paper: reviews, and how to reproduce every number."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field

from stages.contracts import (
    ChangeAnswer,
    CitationSupport,
    CitedWork,
    CodeBundle,
    Contract,
    GeneratedKit,
    KnowledgeCard,
    Lesson,
    QualityReport,
    RefinedRecords,
    Results,
    Review,
    Reviews,
    RunRecord,
)
from stages.errors import ManuscriptRefused
from stages.g_writing.document import ValueRef
from stages.g_writing.values import Leaf, leaves, resolve

_VALUE = re.compile(r"\{\{\s*([^{}|]+?)\s*(?:\|\s*([a-z0-9]+)\s*)?\}\}")
_LAYERS = ("identifier", "record", "second source", "support")
_SCORES = (("quality", 4), ("clarity", 4), ("significance", 4), ("originality", 4), ("overall", 6), ("confidence", 5))


class ReviewRecord(Contract):
    """reviews.json."""

    reviews: Reviews
    answers: tuple[ChangeAnswer, ...]
    quality: QualityReport
    citations: tuple[CitedWork, ...] = ()
    support: tuple[CitationSupport, ...] = ()
    cards: tuple[KnowledgeCard, ...] = Field(
        default=(), exclude_if=lambda cards: not cards, description="Those that rest on or quote a full text."
    )


def reviews_markdown(record: ReviewRecord, results: Results) -> str:
    """reviews.md: each review, the required changes with their answers, the checks and the citations; values are printed."""
    text = _reviews(record)
    known = leaves(results)
    return _VALUE.sub(lambda match: _printed(match[0], ValueRef(expression=match[1], format=match[2]), known), text)


def _printed(raw: str, reference: ValueRef, known: Mapping[str, Leaf]) -> str:
    """The value; a reference that a reviewer quoted because it is wrong stays as it was written."""
    try:
        return resolve(reference, known, file="reviews.md", place="review").text
    except ManuscriptRefused:
        return raw


def _reviews(record: ReviewRecord) -> str:
    parts = ["# Reviews", *(block for review in record.reviews.reviews for block in _review(review))]
    parts.append("## Required changes")
    answers = {answer.id: answer for answer in record.answers}
    required = [weakness.id for weakness in record.reviews.required]
    parts += [
        _required(weakness.id, weakness.required_change or weakness.text, answers.get(weakness.id))
        for weakness in record.reviews.required
    ]
    parts += [_required(answer.id, "guidance by a person", answer) for answer in record.answers if answer.id not in required]
    if not record.answers and not required:
        parts.append("None.")
    parts.append("## Mechanical checks of the final text")
    parts.append(
        "\n".join(f"- {'passed' if check.passed else 'FAILED'}: {check.name}: {check.detail}" for check in record.quality.checks)
    )
    parts += _citations(record)
    return "\n\n".join(parts) + "\n"


def _citations(record: ReviewRecord) -> Iterator[str]:
    """A row for each cited work with its four layers, then the citing sentences that somebody should read."""
    if not record.citations:
        return
    yield "## Citations"
    yield "\n".join(
        [
            "| Work | Verdict | Identifier | Record | Second source | Sentences |",
            "|---|---|---|---|---|---|",
            *(
                f"| {cited.key} | {cited.verdict} | {' | '.join(_layer(cited, layer) for layer in _LAYERS)} |"
                for cited in record.citations
            ),
        ]
    )
    if doubtful := [cited for cited in record.citations if cited.verdict != "verified"]:
        yield "\n".join(f"- {cited.key}: {'; '.join(cited.evidence)}" for cited in doubtful)
    weak = [entry for entry in record.support if entry.doubtful and entry.judgement is None]
    if weak:
        yield "Sentences that share no distinctive word with the title or the summary of a work that they cite; read them:"
        yield "\n".join(f"- {entry.key} ({entry.place}): {' '.join(entry.sentence.split())}" for entry in weak)
    judged = [entry for entry in record.support if entry.doubtful and entry.judgement is not None]
    if judged:
        yield "Sentences that a reader does not find in what the record says of the work:"
        yield "\n".join(
            f"- {entry.key} ({entry.place}): {' '.join(entry.sentence.split())} "
            f"({entry.judgement.verdict}: {' '.join(entry.judgement.reason.split())})"
            for entry in judged
            if entry.judgement
        )
    quotes = [
        f"- {card.key}, p. {page}: “{' '.join(text.split())}” ({card.text_source})"
        for card in record.cards
        for page, text in ([(card.page, card.span)] if card.page else []) + [(quote.page, quote.text) for quote in card.quotes]
    ]
    if quotes:
        yield "What the full texts say on the points for which they are cited:"
        yield "\n".join(quotes)


def _layer(cited: CitedWork, layer: str) -> str:
    found = next((given for given in cited.layers if given.layer == layer), None)
    return "not asked" if found is None else f"{found.outcome}: {found.detail}".replace("|", "\\|")


def _review(review: Review) -> Iterator[str]:
    yield f"## Reviewer: {review.reviewer}"
    yield review.summary
    scores = [f"{name} {value}/{top}" for name, top in _SCORES if (value := getattr(review, name)) is not None]
    yield f"Scores: {', '.join(scores) if scores else 'none given'}."
    if review.strengths:
        yield "Strengths:\n\n" + "\n".join(f"- {strength}" for strength in review.strengths)
    if review.weaknesses:
        yield "Weaknesses:\n\n" + "\n".join(
            f"- **{weakness.id}** ({weakness.severity}): {weakness.text}\n  > {' '.join(weakness.quote.split())}"
            for weakness in review.weaknesses
        )


def _required(name: str, change: str, answer: ChangeAnswer | None) -> str:
    lines = [f"### {name}", change]
    if answer is None:
        lines.append("Not answered.")
    else:
        lines.append(f"{'Done' if answer.done else 'Not done'}: {answer.answer}")
        if answer.done and answer.before is not None and answer.after is not None:
            lines.append(f"```\nbefore: {answer.before}\nafter:  {answer.after}\n```")
    return "\n\n".join(lines)


_NEEDS_A_MODEL = (
    "This needs a language model (`llm.provider` and its keys in config.arc.yaml), because no shipped kit answers the topic; the "
    "model may write another kit than the one of this folder. The runs below need none."
)


def reproduce_markdown(commands: Sequence[str], lessons: Sequence[Lesson], degraded: Sequence[str], *, written: bool = False) -> str:
    """reproduce.md: the study in one command, every training run in one each, and what was learned.

    written: a language model wrote the kit, which it may do otherwise next time.
    """
    study, *runs = commands
    parts = [
        "# How to reproduce this study",
        "The whole study again, with the same limits:",
        f"```\n{study}\n```",
        *([_NEEDS_A_MODEL] if written else []),
        "Every number of this folder against its record, without running anything:",
        "```\nresearchclaw audit .\n```",
    ]
    if runs:
        parts += [
            "Each run that ended with a score, from this folder. On one thread of the same machine, with the same "
            "versions, the score comes out to five decimals.",
            "```\n" + "\n".join(runs) + "\n```",
        ]
    if degraded:
        parts += ["What could not be had:", "\n".join(f"- {sentence}" for sentence in degraded)]
    if lessons:
        parts += ["What the record shows for later studies:"]
        parts += ["\n".join(f"- {_told(lesson)}" for lesson in lessons)]
    return "\n\n".join(parts) + "\n"


def _told(lesson: Lesson) -> str:
    """A lesson as a line; its parts may be sentences with a period of their own."""
    return f"{lesson.strategy.rstrip('.')}: {lesson.outcome.rstrip('.')}. {lesson.insight} ({lesson.context})"


def code_files(bundle: CodeBundle, refined: RefinedRecords, runs: Sequence[RunRecord]) -> dict[str, bytes]:
    """code/: the program and the patch of each condition, and the command that runs it; a written kit and its repairs as well."""
    mended = {code.condition: code for code in refined.mended}
    codes = [mended.get(code.condition, code) for code in (*bundle.codes, *([refined.tuned] if refined.tuned else []))]
    files: dict[str, bytes] = {} if bundle.generated is None else _kit_files(bundle, bundle.generated, refined)
    lines = [
        "# The code of every condition",
        "",
        "Each folder holds train.py as it ran and its difference from the kit's train.py.",
        "",
    ]
    for code in codes:
        files[f"code/{code.condition}/train.py"] = code.train_py.encode()
        files[f"code/{code.condition}/patch.diff"] = code.patch.encode()
        command = next((run.command for run in runs if run.condition == code.condition), None)
        lines += [f"## {code.condition}", "", f"SHA-256 of train.py: {code.train_sha256}", ""]
        if command is not None:
            lines += ["From the folder that holds experiment_runs/:", "", f"    {command}", ""]
    return files | {"code/README.md": "\n".join(lines).encode()}


def _kit_files(bundle: CodeBundle, kit: GeneratedKit, refined: RefinedRecords) -> dict[str, bytes]:
    """code/kit/: what a mind wrote, what was looked at before it was frozen, and every repair."""
    described = {
        "name": kit.name,
        "task": kit.task,
        "measure": kit.measure,
        "split": kit.split,
        "data_name": kit.data_name,
        "salt": kit.salt,
        "prepare_sha256": kit.prepare_sha256,
        "kit_sha256": bundle.generated_sha256,
        "reviewed": list(bundle.review),
        "repairs": [repair.model_dump(mode="json") for repair in (*bundle.repairs, *refined.mending)],
    }
    return {
        "code/kit/prepare.py": kit.prepare_py.encode(),
        "code/kit/train.py": kit.train_py.encode(),
        "code/kit/kit.yaml": json.dumps(described, indent=2, ensure_ascii=False).encode() + b"\n",  # JSON is YAML
    }
