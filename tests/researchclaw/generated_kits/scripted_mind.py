"""A scripted model: the answers of a capable one on ridge against lasso; the rest is done by the rule-based researcher.

What rules can answer from a kit's declared facts (the search, the debate, the design, remarks, reviews) is left to them.
Blueprint, code, patches, proposals and the prose about this study are answered here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import paper
import ridge_and_lasso as study

from researchclaw.adapters.offline import OfflineResearcher
from stages.a_scoping.topic_init import BlueprintQuestion, TopicQuestion
from stages.b_literature.literature_screen import ScreenQuestion
from stages.b_literature.search_strategy import SearchQuestion
from stages.c_synthesis.synthesis import SynthesisQuestion
from stages.contracts import Edit
from stages.d_design.kit_making import (
    PatchQuestion,
    PrepareCode,
    PrepareQuestion,
    PrepareReviewQuestion,
    RepairAnswer,
    RepairQuestion,
    TrainCode,
    TrainQuestion,
)
from stages.e_execution.iterative_refine import Proposal, Proposals, ProposeEditsQuestion
from stages.g_writing.paper_draft import SectionQuestion
from stages.g_writing.paper_outline import OutlineQuestion
from stages.g_writing.peer_review import AreaChairQuestion, ReviewQuestion
from stages.ports import Answer, Question

Says = Callable[[Any], Any]


def propose(question: ProposeEditsQuestion) -> Proposals:
    """A finer grid, and longer descent."""
    finer = next(line for line in question.train_py.splitlines() if line.startswith("WEIGHTS"))
    proposals = (
        Proposal(change="a finer grid of weights", edits=(Edit(find=finer, replace="WEIGHTS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.5)"),)),
        Proposal(change="more folds", edits=(Edit(find="FOLDS = 3", replace="FOLDS = 6"),)),
    )
    return Proposals(proposals=proposals[: question.at_most])


SCRIPT: dict[type[Question], Says] = {
    TopicQuestion: lambda question: study.READING,
    BlueprintQuestion: lambda question: study.BLUEPRINT,
    PrepareQuestion: lambda question: PrepareCode(prepare_py=study.PREPARE),
    PrepareReviewQuestion: lambda question: study.REVIEW,
    TrainQuestion: lambda question: TrainCode(train_py=study.TRAIN),
    PatchQuestion: lambda question: study.PATCHES[question.condition.id],
    RepairQuestion: lambda question: RepairAnswer(diagnosis="The cause is not clear from the log.", edits=()),
    ProposeEditsQuestion: propose,
    SearchQuestion: paper.search,
    ScreenQuestion: paper.screen,
    SynthesisQuestion: paper.synthesise,
    OutlineQuestion: paper.outline,
    SectionQuestion: paper.section,
    ReviewQuestion: paper.review,
    AreaChairQuestion: paper.preside,
}


@dataclass
class ScriptedMind:
    """`stages.ports.LanguageModel`; `other` are answers that differ from the script, e.g. those of a cheat."""

    other: Mapping[type[Question], Says] = field(default_factory=dict)
    name: str = "scripted"
    asked: list[Question] = field(default_factory=list)
    rules: OfflineResearcher = field(default_factory=OfflineResearcher)

    def ask(self, question: Question, answer: type[Answer]) -> Answer:
        self.asked.append(question)
        says = self.other.get(type(question)) or SCRIPT.get(type(question))
        given = says(question) if says else None
        if given is None:
            return self.rules.ask(question, answer)
        assert isinstance(given, answer)
        return given
