"""The debate: what a role, a rebuttal or the chair may not do, and what stands on record."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from researchclaw.adapters.offline import OfflineResearcher
from stages.c_synthesis import hypothesis_gen
from stages.c_synthesis.hypothesis_gen import (
    Chairing,
    ChairQuestion,
    ContrastQuestion,
    Contrasts,
    DebateQuestion,
    Rebuttal,
    RebuttalQuestion,
    Rebuttals,
    Turns,
)
from stages.contracts import Brief, Contract, Hypotheses, KnowledgeCards
from stages.errors import MalformedAnswer
from stages.pipeline import PIPELINE
from stages.ports import Context, Question


@dataclass
class Scripted:
    """The rule-based researcher, whose answers to some questions are changed by a script."""

    script: dict[type[Question], Callable[[Any, Any], Any]]
    name: str = "scripted"
    asked: list[Question] = field(default_factory=list)

    def ask(self, question: Question, answer: type[Any]) -> Any:
        self.asked.append(question)
        given = OfflineResearcher().ask(question, answer)
        change = self.script.get(type(question))
        return change(question, given) if change else given


@pytest.fixture(scope="module")
def record() -> dict[type[Contract], Contract]:
    return {}


@pytest.fixture
def debate(
    record: dict[type[Contract], Contract],
    walk: Callable[..., dict[type[Contract], Contract]],
    make_brief: Callable[..., Brief],
    make_context: Callable[..., Context],
) -> Callable[..., Hypotheses]:
    if not record:
        record |= walk(PIPELINE[:7], make_brief(), make_context())

    def run(mind: Scripted, **changes: Any) -> Hypotheses:
        inputs = hypothesis_gen.Inputs.model_validate(
            {name: record[kind.annotation] for name, kind in hypothesis_gen.Inputs.model_fields.items()} | changes  # type: ignore[index]
        )
        return hypothesis_gen.run(inputs, replace(make_context(), model=mind))

    return run


def rebuts(quote: Callable[[str], str], to: str = "proponent") -> Callable[[RebuttalQuestion, Rebuttals], Rebuttals]:
    """The skeptic answers the first statement of another role, quoting what `quote` makes of it."""

    def change(question: RebuttalQuestion, given: Rebuttals) -> Rebuttals:
        if question.role != "skeptic":
            return given
        turn = next(turn for turn in question.debate if turn.statement.role == to)
        words = quote(turn.statement.text)
        return Rebuttals(rebuttals=(Rebuttal(contrast=turn.contrast, to=to, quote=words, text="The noise is larger."),))  # type: ignore[arg-type]

    return change


def test_a_rebuttal_that_quotes_is_on_record_and_the_chair_must_answer_it(debate: Callable[..., Hypotheses]) -> None:
    mind = Scripted({RebuttalQuestion: rebuts(lambda said: said[:40])})
    hypotheses = debate(mind)
    (hypothesis,) = (one for one in (*hypotheses.hypotheses, *hypotheses.rejected) if any(turn.quote for turn in one.debate))
    (rebuttal,) = (turn for turn in hypothesis.debate if turn.quote)
    assert (rebuttal.role, rebuttal.to) == ("skeptic", "proponent")
    assert rebuttal.quote in hypothesis.debate[0].text
    chair = next(question for question in mind.asked if isinstance(question, ChairQuestion))
    assert any(objection.quote == rebuttal.quote for objection in chair.objections)
    every = [ruling.objection for one in (*hypotheses.hypotheses, *hypotheses.rejected) for ruling in one.rulings]
    assert sorted(every) == sorted(objection.id for objection in chair.objections)


def test_the_roles_hear_nothing_of_each_other_before_the_rebuttals(debate: Callable[..., Hypotheses]) -> None:
    mind = Scripted({})
    debate(mind)
    assert "debate" not in DebateQuestion.model_fields
    kinds = [type(question).__name__ for question in mind.asked]
    assert kinds == ["ContrastQuestion", *["DebateQuestion"] * 3, *["RebuttalQuestion"] * 3, "ChairQuestion"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (rebuts(lambda said: "It always wins by a mile."), "never said"),
        (rebuts(lambda said: said[:40].upper()), "never said"),
        (rebuts(lambda said: "the"), "never said"),
        (rebuts(lambda said: said[:40], to="skeptic"), "himself"),
    ],
    ids=["invented", "not verbatim", "too short to be one", "his own words"],
)
def test_a_quotation_that_nobody_said_is_refused_with_the_reason(
    change: Callable[[Any, Any], Any], reason: str, debate: Callable[..., Hypotheses]
) -> None:
    mind = Scripted({RebuttalQuestion: change})
    with pytest.raises(MalformedAnswer, match=reason):
        debate(mind)
    rounds = [question.complaints for question in mind.asked if isinstance(question, RebuttalQuestion) and question.role == "skeptic"]
    assert len(rounds) == 3
    assert reason in rounds[1][0]


def test_a_role_that_quotes_better_the_second_time_is_heard(debate: Callable[..., Hypotheses]) -> None:
    def change(question: RebuttalQuestion, given: Rebuttals) -> Rebuttals:
        return rebuts((lambda said: said[:40]) if question.complaints else (lambda said: "Nobody ever said this."))(question, given)

    hypotheses = debate(Scripted({RebuttalQuestion: change}))
    assert any(turn.quote for one in hypotheses.hypotheses for turn in one.debate)


def drops_a_ruling(_: ChairQuestion, given: Chairing) -> Chairing:
    return given.model_copy(update={"rulings": given.rulings[1:]})


def answers_what_nobody_raised(_: ChairQuestion, given: Chairing) -> Chairing:
    return given.model_copy(update={"rulings": (*given.rulings, given.rulings[0].model_copy(update={"objection": "o99"}))})


def _first(given: Chairing, **new: object) -> Chairing:
    return given.model_copy(update={"hypotheses": (given.hypotheses[0].model_copy(update=new), *given.hypotheses[1:])})


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        (ChairQuestion, drops_a_ruling, r"unanswered \['o1'\]"),
        (ChairQuestion, answers_what_nobody_raised, "o99"),
        (ChairQuestion, lambda _, given: _first(given, keys=("invented2026work",)), "invented2026work"),
        (ChairQuestion, lambda _, given: _first(given, treatment="dreamt_up"), "dreamt_up"),
        (ChairQuestion, lambda _, given: _first(given, novelty="studied elsewhere", keys=()), "without the key"),
        (ChairQuestion, lambda _, given: _first(given, reference=given.hypotheses[0].treatment), "another condition"),
        (DebateQuestion, lambda _, given: Turns(turns=given.turns[1:]), "must speak once about each"),
        (ContrastQuestion, lambda _, given: Contrasts(contrasts=given.contrasts[1:]), "first condition must be the baseline"),
    ],
    ids=["ruling missing", "ruling invented", "key", "condition", "novelty", "itself", "silent role", "no baseline"],
)
def test_what_the_record_does_not_hold_is_refused(
    kind: type[Question], change: Callable[[Any, Any], Any], reason: str, debate: Callable[..., Hypotheses]
) -> None:
    with pytest.raises(MalformedAnswer, match=reason):
        debate(Scripted({kind: change}))


def test_a_statement_may_not_type_a_number_or_cite_what_was_not_read(debate: Callable[..., Hypotheses]) -> None:
    def says(**new: object) -> Callable[[Any, Turns], Turns]:
        def change(_: Any, given: Turns) -> Turns:
            first = given.turns[0]
            return Turns(turns=(first.model_copy(update={"statement": first.statement.model_copy(update=new)}), *given.turns[1:]))

        return change

    with pytest.raises(MalformedAnswer, match=r"types the numeral 0\.3"):
        debate(Scripted({DebateQuestion: says(text="It gains 0.3 bits.")}))
    with pytest.raises(MalformedAnswer, match="invented2026work"):
        debate(Scripted({DebateQuestion: says(keys=("invented2026work",))}))


def test_a_constant_that_no_level_sets_is_refused(debate: Callable[..., Hypotheses]) -> None:
    def change(_: Any, given: Contrasts) -> Contrasts:
        first, second, *rest = given.contrasts
        stolen = second.model_copy(update={"settings": {**second.settings, "LEARNING_RATE": "9.0"}})
        return given.model_copy(update={"contrasts": (first, stolen, *rest)})

    with pytest.raises(MalformedAnswer, match=r"LEARNING_RATE = 9\.0"):
        debate(Scripted({ContrastQuestion: change}))


def test_novelty_is_unknown_where_nothing_was_read(debate: Callable[..., Hypotheses], record: dict[type[Contract], Contract]) -> None:
    cards = record[KnowledgeCards]
    assert isinstance(cards, KnowledgeCards)
    mute = KnowledgeCards(cards=tuple(card.model_copy(update={"about": (), "key": f"x{n}"}) for n, card in enumerate(cards.cards)))
    hypotheses = debate(Scripted({}), cards=mute)
    assert {one.novelty for one in hypotheses.hypotheses} == {"unknown"}
    with pytest.raises(MalformedAnswer, match="is unknown"):
        debate(Scripted({ChairQuestion: lambda _, given: _first(given, novelty="not seen in the works read")}), cards=mute)


def test_a_study_of_two_factors_has_its_four_conditions_whatever_the_limit(
    walk: Callable[..., dict[type[Contract], Contract]], make_brief: Callable[..., Brief], make_context: Callable[..., Context]
) -> None:
    brief = make_brief("Should a small GPT be wide or deep?").model_copy(update={"max_conditions": 2})
    made = walk(PIPELINE[:8], brief, make_context())[Hypotheses]
    assert isinstance(made, Hypotheses)
    assert [contrast.role for contrast in made.contrasts] == ["baseline", "treatment", "treatment", "combination"]


@pytest.mark.parametrize("round_", [1, 2, 3])
def test_a_later_round_of_two_factors_names_no_condition_twice(
    round_: int,
    walk: Callable[..., dict[type[Contract], Contract]],
    make_brief: Callable[..., Brief],
    make_context: Callable[..., Context],
) -> None:
    found = walk(PIPELINE[:7], make_brief("Should a small GPT be wide or deep?"), make_context())
    inputs = hypothesis_gen.Inputs.model_validate(
        {name: found[kind.annotation] for name, kind in hypothesis_gen.Inputs.model_fields.items()}  # type: ignore[index]
    )
    made = hypothesis_gen.run(inputs, make_context(round=round_))
    ids = [contrast.id for contrast in made.contrasts]
    assert len(set(ids)) == len(ids)
