"""Nobody is paid for copying."""

from typing import Any

from researchclaw.adapters.rules_first import RulesFirst
from stages.contracts import Contrast
from stages.d_design.code_generation import CodeQuestion, TrainingCode
from stages.ports import Question


class Mind:
    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[Question] = []

    def ask(self, question: Question, answer: type[Any]) -> Any:
        self.asked.append(question)
        return TrainingCode(train_py=self.name)


def test_what_needs_no_judgement_goes_to_the_rules_and_the_rest_to_the_mind() -> None:
    class Judgement(Question):
        template = "none"

    mind, rules = Mind("mind"), Mind("rules")
    both = RulesFirst(mind, rules)
    condition = Contrast(id="a", label="a", role="treatment", reason="It shows a.")
    assert both.ask(CodeQuestion(condition=condition, train_py="X = 1\n"), TrainingCode).train_py == "rules"
    assert both.ask(Judgement(), TrainingCode).train_py == "mind"
    assert both.name == "mind"
