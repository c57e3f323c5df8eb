"""What the rules read in a person's comment."""

from typing import Any, cast

from researchclaw.adapters.offline.planning import _to_drop
from researchclaw.adapters.offline.reading import _understood
from stages.contracts import Contrast
from stages.d_design.experiment_design import DesignQuestion

CONDITIONS = [
    Contrast(id=name, label=f"a {name} schedule", role=role, ablates=ablates, removes="it" if ablates else None, reason="r")
    for name, role, ablates in cast(
        "list[tuple[str, Any, str | None]]",
        [
            ("constant", "baseline", None),
            ("linear", "treatment", None),
            ("cosine", "treatment", None),
            ("cosine_less", "ablation", "cosine"),
        ],
    )
]
QUESTION = DesignQuestion.model_construct(factors=())


def dropped(words: str) -> list[str]:
    return [condition.id for condition in _to_drop(words, CONDITIONS, QUESTION)]


def test_all_except_one_spares_that_one_and_its_ablations() -> None:
    assert dropped("linear") == ["linear"]
    assert dropped("all conditions except cosine") == ["constant", "linear"]  # the baseline is kept by who asks
    assert dropped("everything but linear") == ["constant", "cosine", "cosine_less"]
    assert dropped("all except nonsense") == []


def test_a_comment_on_the_works_is_understood_when_it_names_a_search_or_a_work_of_the_list() -> None:
    known = {"smith2018dont"}
    assert _understood("drop smith2018dont, please", known)
    assert _understood("also search for warm restarts", known)
    assert not _understood("drop smith2019", known)
    assert not _understood("fewer old works", known)
