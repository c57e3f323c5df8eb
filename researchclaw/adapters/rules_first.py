"""A mind that is spared what needs no judgement."""

from __future__ import annotations

from stages.ports import Answer, LanguageModel, Question


class RulesFirst:
    """A `LanguageModel` that is asked only what is not answered by rule: no tokens for copying constants and tables."""

    def __init__(self, mind: LanguageModel, rules: LanguageModel) -> None:
        self._mind, self._rules = mind, rules

    @property
    def name(self) -> str:
        return self._mind.name

    def ask(self, question: Question, answer: type[Answer]) -> Answer:
        return (self._rules if question.by_rule else self._mind).ask(question, answer)
