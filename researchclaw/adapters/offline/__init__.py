"""The rule-based researcher: a mind without a model.

Each typed question has a deterministic answer, computed from the question's structured facts (kit, catalogue, records)
and never from a prompt's text. What no rule can answer is an error, not a default.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stages.errors import MalformedAnswer
from stages.ports import Answer, Question

Rule = Callable[[Any], Any]


HEEDS_GUIDANCE = ("search_strategy", "literature_screen", "experiment_design", "paper_draft", "paper_revision")
"""Stages at which a rule reads a person's words, or the paper says that it did not follow them."""


def rules() -> dict[type[Question], Rule]:
    """Question -> the function that answers it. Typed by the questions' own modules; imported when first asked."""
    from researchclaw.adapters.offline import analysis, planning, reading, review, scoping, thinking, writing
    from stages.a_scoping.problem_decompose import DecomposeQuestion
    from stages.a_scoping.topic_init import BlueprintQuestion, TopicQuestion
    from stages.b_literature.knowledge_extract import CardsQuestion
    from stages.b_literature.literature_screen import ScreenQuestion
    from stages.b_literature.search_strategy import SearchQuestion
    from stages.c_synthesis.hypothesis_gen import ChairQuestion, ContrastQuestion, DebateQuestion, RebuttalQuestion
    from stages.c_synthesis.synthesis import SynthesisQuestion
    from stages.d_design.code_generation import CodeQuestion
    from stages.d_design.experiment_design import DesignQuestion
    from stages.e_execution.iterative_refine import ProposeQuestion
    from stages.f_analysis.research_decision import DecisionQuestion
    from stages.f_analysis.result_analysis import AnalystQuestion
    from stages.g_writing.paper_draft import AppendixQuestion, MendQuestion, SectionQuestion
    from stages.g_writing.paper_outline import OutlineQuestion
    from stages.g_writing.paper_revision import RevisionQuestion
    from stages.g_writing.peer_review import AreaChairQuestion, ReviewQuestion
    from stages.h_finalization.references.judging import SupportQuestion

    return {
        TopicQuestion: scoping.read_topic,
        BlueprintQuestion: scoping.refuse_blueprint,
        DecomposeQuestion: scoping.decompose,
        SearchQuestion: reading.plan_search,
        ScreenQuestion: reading.screen,
        CardsQuestion: reading.read_cards,
        SynthesisQuestion: thinking.synthesise,
        ContrastQuestion: thinking.contrasts,
        DebateQuestion: thinking.argue,
        RebuttalQuestion: thinking.answer_back,
        ChairQuestion: thinking.preside,
        DesignQuestion: planning.design,
        CodeQuestion: planning.write_code,
        ProposeQuestion: planning.propose,
        AnalystQuestion: analysis.remarks,
        DecisionQuestion: analysis.decide,
        OutlineQuestion: writing.outline,
        SectionQuestion: writing.section,
        AppendixQuestion: writing.appendix_of,
        MendQuestion: writing.mend,
        ReviewQuestion: review.review_paper,
        AreaChairQuestion: review.preside,
        RevisionQuestion: review.revise,
        SupportQuestion: review.judge_support,
    }


class OfflineResearcher:
    """`stages.ports.LanguageModel` by rules."""

    def __init__(self) -> None:
        self._rules = rules()
        self.name = f"rule-based researcher, rules {_revision()}"
        """Other rules are another mind: what the journal holds of this one is no answer of the next."""

    def ask(self, question: Question, answer: type[Answer]) -> Answer:
        """The rule's answer.

        Raises:
            MalformedAnswer: no rule answers this kind of question in this form.
        """
        rule = self._rules.get(type(question))
        if rule is None:
            raise MalformedAnswer(f"the rule-based researcher has no rule for {type(question).__name__}")
        given = rule(question)
        if not isinstance(given, answer):
            raise MalformedAnswer(f"the rule for {type(question).__name__} gives {type(given).__name__}, not {answer.__name__}")
        return given


def _revision() -> str:
    """First eight hexadecimal digits of the hash over the rules' sources."""
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:8]
