"""A mind's judgement on citing sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from researchclaw.adapters.offline import OfflineResearcher
from stages.contracts import CitationSupport, Judgement
from stages.errors import MalformedAnswer
from stages.h_finalization.references.judging import NumberedJudgement, SupportJudgements, judged, with_judgements


def entry(key: str, *, weak: bool = False) -> CitationSupport:
    return CitationSupport(key=key, place="sec:related", sentence=f"Steps grow [@{key}].", rests_on="Steps", shared=(), weak=weak)


@dataclass
class Reader:
    """Judges as told, pair by pair."""

    verdicts: Sequence[str]
    name: str = "reader"
    asked: list[int] = field(default_factory=list)

    def ask(self, question: Any, answer: type[Any]) -> Any:
        self.asked.append(len(question.pairs))
        return SupportJudgements(
            judgements=tuple(
                NumberedJudgement(number=number, judgement=Judgement.model_validate({"verdict": verdict, "reason": "r"}))
                for number, verdict in enumerate(self.verdicts, 1)
            )
        )


def seeing(mind: Any) -> Any:
    """A world in which there is nothing but a mind."""
    return SimpleNamespace(model=mind)


def test_a_judgement_outweighs_words_and_goes_to_a_person() -> None:
    support = (entry("a", weak=True), entry("b"), entry("c", weak=True))
    read = judged(seeing(Reader(["supported", "not supported", "cannot tell"])), support)
    assert [one.key for one in read] == ["a", "b"]
    assert [one.doubtful for one in with_judgements(support, read)] == [False, True, True]


def test_a_pair_without_a_judgement_is_no_answer() -> None:
    with pytest.raises(MalformedAnswer, match="each pair exactly once"):
        judged(seeing(Reader(["supported"])), (entry("a"), entry("b")))


def test_many_pairs_are_read_in_several_questions() -> None:
    reader = Reader(["supported"] * 40)
    assert len(judged(seeing(reader), [entry(f"k{number}") for number in range(80)])) == 80
    assert reader.asked == [40, 40]


def test_rules_do_not_pretend_to_understand() -> None:
    assert judged(seeing(OfflineResearcher()), (entry("a"), entry("b", weak=True))) == ()
