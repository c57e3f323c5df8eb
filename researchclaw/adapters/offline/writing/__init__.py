"""The rule-based writer: a paper from the record, without a model.

Messages are read off the record (what was asked, predicted, measured), ordered, and put into words whose form depends on the
facts. The whole paper is composed at once, so that no sentence is said twice; a section is a part of it. The same record gives
the same text.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import Lock

from researchclaw.adapters.offline.writing import (
    ablations,
    abstract,
    appendix,
    conclusion,
    discussion,
    introduction,
    limitations,
    method,
    planning,
    related,
    results,
    setup,
)
from researchclaw.adapters.offline.writing.language import Voice
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import Outline
from stages.errors import ManuscriptRefused
from stages.g_writing.paper_draft import AppendixQuestion, Mended, MendQuestion, SectionDraft, SectionQuestion
from stages.g_writing.paper_outline import OutlineQuestion
from stages.g_writing.record import PaperRecord

_ONE_AT_A_TIME = Lock()


def outline(question: OutlineQuestion) -> Outline:
    """The paper's claim, plan and figures."""
    return planning.outline(Study(question.record), question.sections)


def section(question: SectionQuestion) -> SectionDraft:
    """One section of the paper that the record gives.

    Raises:
        ManuscriptRefused: the outline asks for a section that no rule writes.
    """
    return _part(question, guided=bool(question.guidance))


def appendix_of(question: AppendixQuestion) -> SectionDraft:
    """One appendix, the same whoever wrote the rest.

    Raises:
        ManuscriptRefused: the outline asks for an appendix that no rule writes.
    """
    return _part(question, guided=question.guided)


def _part(question: SectionQuestion | AppendixQuestion, *, guided: bool) -> SectionDraft:
    with _ONE_AT_A_TIME:  # sections are asked for at once; the first to come composes the paper for all
        written = _composed(question.record.model_dump_json(), question.outline.model_dump_json(), guided)
    for name, text in written:
        if name == question.section.id:
            return SectionDraft(markdown=text)
    raise ManuscriptRefused(f"the rule-based writer has no rule for a section {question.section.id!r}")


def mend(question: MendQuestion) -> Mended:
    """Never: a rule that wrote a refused sentence would write it again.

    Raises:
        ManuscriptRefused: always, with the first complaint.
    """
    raise ManuscriptRefused(
        f"{question.section.id}: {question.found[0]} (the rule-based writer does not rewrite; this is a fault of its rules)"
    )


@lru_cache(maxsize=4)
def _composed(record_json: str, outline_json: str, guided: bool) -> tuple[tuple[str, str], ...]:
    return compose(PaperRecord.model_validate_json(record_json), Outline.model_validate_json(outline_json), guided=guided)


def compose(record: PaperRecord, plan: Outline, *, guided: bool = False) -> tuple[tuple[str, str], ...]:
    """(section id, Markdown) of the whole paper; those sections come first whose sentences have the first claim on a wording.

    guided: a person gave guidance on the writing; rules do not read it, and the paper says so.
    """
    study = Study(record)
    voice = Voice(record.goal.topic, study.sayable)
    opening, rest = planning.background(study)
    parts: dict[str, Callable[[], list[str]]] = {
        "abstract": lambda: [abstract.abstract(study, voice)],
        "introduction": lambda: introduction.introduction(study, voice, opening),
        "related_work": lambda: related.related_work(study, voice, opening, rest),
        "method": lambda: method.method(study, voice, plan),
        "setup": lambda: setup.setup(study, voice),
        "results": lambda: results.results(study, voice, plan),
        "ablations": lambda: ablations.ablations(study, voice, plan),
        "discussion": lambda: discussion.discussion(study, voice, plan),
        "limitations": lambda: limitations.limitations(study, voice),
        "conclusion": lambda: conclusion.conclusion(study, voice),
        "appendix_reproducibility": lambda: appendix.reproducibility(study, voice),
        "appendix_plan": lambda: appendix.registered_plan(study, voice, guided=guided),
        "appendix_seeds": lambda: appendix.seed_values(study, voice),
        "appendix_search": lambda: appendix.search_protocol(study, voice, plan),
        "appendix_cost": lambda: appendix.cost(study),
    }
    written: dict[str, list[str]] = {}
    for name, write in parts.items():
        voice.section = name
        written[name] = write()
    return tuple((name, "\n\n".join(blocks)) for name, blocks in written.items())
