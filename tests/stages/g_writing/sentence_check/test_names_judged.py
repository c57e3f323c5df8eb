"""Sentences that say names as papers do: both labels, in five fields that no rule was written for.

Judged once before a rule was changed for them: of the first three studies 6 of 41 fabricated accepted and 16 of 42 true refused,
of the other two 4 of 23 and 5 of 24. What needs more than a name is left out.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from stages.g_writing.sentence_check.check import judge
from stages.g_writing.sentence_check.study import Study

CONTENT: dict[str, Any] = json.loads(Path(__file__).with_name("names.json").read_text(encoding="utf-8"))
STUDIES = {name: Study.model_validate(context) for name, context in CONTENT["contexts"].items()}


@pytest.mark.parametrize("case", CONTENT["cases"], ids=lambda case: case["id"])
def test_names_are_understood_and_strangers_refused(case: dict[str, str]) -> None:
    found = judge(case["sentence"], STUDIES[case["context"]])
    assert (found.verdict == "refused") is (case["label"] == "fabricated"), found


@pytest.mark.parametrize(
    ("context", "text", "expression"),
    [
        ("I", "Without hard negatives, the hybrid has an MRR@10 of {}.", "hybrid_no_hardneg.mrr_at_10.mean"),
        ("I", "The miss rate of BM25, one minus its recall@100, is {}.", "1 - bm25.recall_at_100.mean"),
        ("M", "The vision transformer reaches a Dice of {}.", "vit.dice.mean"),
        ("M", "Once pretrained, the vision transformer reaches a Dice of {}.", "vit_pretrained.dice.mean"),
        ("M", "The deep ensemble has a Hausdorff distance of {} mm.", "deepens.hd95_mm.mean"),
        ("E", "Stripped of its vector features, PaiNN has a force RMSE of {}.", "painn_wo_vector.force_rmse.mean"),
        ("W", "Reweighting and MixUp together with it reach a macro F1 of {}.", "reweighted_mixup.f1_macro.mean"),
    ],
)
def test_a_number_is_bound_to_the_condition_that_is_described(context: str, text: str, expression: str) -> None:
    study = STUDIES[context]
    condition, metric, _ = expression.removeprefix("1 - ").split(".")
    value = study.conditions[condition][metric].mean
    shown = f"{1 - value if expression.startswith('1 - ') else value:.3f}"
    assert [bound.expression for bound in judge(text.format(shown), study).bound] == [expression]


def test_a_number_of_the_whole_method_is_no_value_of_its_variant() -> None:
    for context, text, condition, metric in (
        ("I", "Bereft of hard negatives, the hybrid reaches an MRR@10 of {:.3f}.", "hybrid", "mrr_at_10"),
        ("E", "PaiNN without vector features has an energy MAE of {:.2f} meV.", "painn", "energy_mae_mev"),
        ("M", "The pretrained ViT reaches a Dice of {:.3f}.", "vit", "dice"),
    ):
        study = STUDIES[context]
        assert judge(text.format(study.conditions[condition][metric].mean), study).verdict == "refused"
