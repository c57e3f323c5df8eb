"""The rule-based writer: a paper from the record, without a model.

Messages are read off the record (what was asked, predicted, measured), ordered, and put into words whose form depends on the
facts. The whole paper is composed at once, so that no sentence is said twice; a section is a part of it. The same record gives
the same text.
"""

from __future__ import annotations

from functools import lru_cache

from researchclaw.adapters.offline.writing import appendix, closing, framing, method, planning, related, results
from researchclaw.adapters.offline.writing.language import Voice
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import Outline
from stages.errors import ManuscriptRefused
from stages.g_writing.paper_draft import MendQuestion, SectionDraft, SectionQuestion
from stages.g_writing.paper_outline import OutlineQuestion
from stages.g_writing.record import PaperRecord


def outline(question: OutlineQuestion) -> Outline:
    """The paper's claim, plan and figures."""
    return planning.outline(Study(question.record), question.sections)


def section(question: SectionQuestion) -> SectionDraft:
    """One section of the paper that the record gives.

    Raises:
        ManuscriptRefused: the outline asks for a section that no rule writes.
    """
    written = _composed(question.record.model_dump_json(), question.outline.model_dump_json())
    for name, text in written:
        if name == question.section.id:
            return SectionDraft(markdown=text)
    raise ManuscriptRefused(f"the rule-based writer has no rule for a section {question.section.id!r}")


def mend(question: MendQuestion) -> SectionDraft:
    """Never: a rule that wrote a refused sentence would write it again.

    Raises:
        ManuscriptRefused: always, with the first complaint.
    """
    raise ManuscriptRefused(f"{question.section.id}: {question.complaints[0]} (the rule-based writer does not rewrite; this is a fault of its rules)")


@lru_cache(maxsize=4)
def _composed(record_json: str, outline_json: str) -> tuple[tuple[str, str], ...]:
    return compose(PaperRecord.model_validate_json(record_json), Outline.model_validate_json(outline_json))


def compose(record: PaperRecord, plan: Outline) -> tuple[tuple[str, str], ...]:
    """(section id, Markdown) of the whole paper; those sections come first whose sentences have the first claim on a wording."""
    study, voice = Study(record), Voice(record.goal.topic)
    opening, rest = planning.background(study)
    written = {
        "abstract": [framing.abstract(study, voice)],
        "introduction": framing.introduction(study, voice, opening),
        "related_work": related.related_work(study, voice),
        "method": method.method(study, voice, rest),
        "setup": method.setup(study, voice),
        "results": results.results(study, voice, plan),
        "ablations": results.ablations(study, voice, plan),
        "discussion": closing.discussion(study, voice, plan),
        "limitations": closing.limitations(study, voice),
        "conclusion": framing.conclusion(study, voice),
        "appendix_reproducibility": appendix.reproducibility(study, voice),
        "appendix_plan": appendix.registered_plan(study, voice),
        "appendix_seeds": appendix.seed_values(study, voice),
        "appendix_search": appendix.search_protocol(study, voice, plan),
        "appendix_cost": appendix.cost(study),
    }
    return tuple((name, "\n\n".join(blocks)) for name, blocks in written.items())
