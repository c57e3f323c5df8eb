"""The factor descriptions of tiny_lm: they fit train.py, cite real works and can stand in a paper as they are."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from stages.contracts import Factor

ROOT = Path(__file__).parents[2]
KIT = ROOT / "sandbox" / "kits" / "tiny_lm"
FACTORS = tuple(Factor.model_validate(entry) for entry in yaml.safe_load((KIT / "factors.yaml").read_text(encoding="utf-8")))
EVALUATED_SPAN = 512  # bytes; the evaluator cuts it into windows of the model's context

NUMBER_WORDS = frozenset(
    """zero one two three four five six seven eight nine ten eleven twelve twenty thirty hundred hundreds thousand thousands
    million millions billion half halves halved halving halfway twice thrice double doubled doubling triple tripled quarter
    second third fourth fifth dozen dozens couple""".split()
)
STOCK_PHRASES = (
    "plays a crucial role",
    "worth noting",
    "state of the art",
    "state-of-the-art",
    "delve",
    "in recent years",
    "landscape of",
)


def constants() -> dict[str, object]:
    tree = ast.parse((KIT / "train.py").read_text(encoding="utf-8"))
    found: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


def sentences(factor: Factor) -> Iterator[str]:
    yield from (*factor.background, *factor.confounders, *factor.practice, factor.ablation.reason)
    for level in factor.levels:
        yield from (level.mechanism, level.case_for, level.case_against)


def plain(sentence: str) -> str:
    return re.sub(r"\s*\[@[^\]]+\]", "", sentence)


def cited(sentence: str) -> list[str]:
    return re.findall(r"@(\w+)", sentence)


EVERY_SENTENCE = [(factor.name, sentence) for factor in FACTORS for sentence in sentences(factor)]
by_factor = pytest.mark.parametrize("factor", FACTORS, ids=[factor.name for factor in FACTORS])


def test_every_question_that_a_user_may_ask_has_its_factor() -> None:
    assert " ".join(sorted(factor.name for factor in FACTORS)) == (
        "activation batch_size context data_amount depth dropout grad_clip heads initialisation label_smoothing learning_rate "
        "mlp_ratio ngram_tables normalisation optimizer position schedule tying warmup weight_decay width"
    )


@by_factor
def test_the_baseline_level_is_train_py_as_it_stands(factor: Factor) -> None:
    (baseline,) = [level for level in factor.levels if level.is_baseline]
    known = constants()
    assert {name: ast.literal_eval(text) for name, text in baseline.settings.items()} == {
        name: known[name] for name in baseline.settings
    }
    assert (baseline.expected, baseline.expected_size) == ("same", 0.0)


@by_factor
def test_every_setting_is_a_literal_of_a_constant_of_train_py(factor: Factor) -> None:
    known = constants()
    for settings in (*(level.settings for level in factor.levels), factor.ablation.settings):
        for name, text in settings.items():
            value = ast.literal_eval(text)
            assert type(value) is type(known[name]), f"{name} = {text}"


@by_factor
def test_levels_differ_from_each_other(factor: Factor) -> None:
    known = constants()
    whole = [{**known, **{name: ast.literal_eval(text) for name, text in level.settings.items()}} for level in factor.levels]
    assert all(one != other for place, one in enumerate(whole) for other in whole[:place])
    for settings in whole:
        assert EVALUATED_SPAN % int(str(settings["CONTEXT"])) == 0
        assert int(str(settings["WIDTH"])) % (2 * int(str(settings["HEADS"]))) == 0


@by_factor
def test_the_ablation_removes_something_else_than_the_factor_itself(factor: Factor) -> None:
    own = {name for level in factor.levels for name in level.settings}
    known = constants()
    for name, text in factor.ablation.settings.items():
        assert name not in own
        assert ast.literal_eval(text) != known[name]


@by_factor
def test_default_contrasts_are_levels_other_than_the_baseline(factor: Factor) -> None:
    others = {level.name for level in factor.levels if not level.is_baseline}
    assert len(set(factor.default_contrasts)) == len(factor.default_contrasts) == 3
    assert set(factor.default_contrasts) <= others


def test_level_names_are_unique_in_the_whole_kit_because_they_become_condition_ids() -> None:
    names = [level.name for factor in FACTORS for level in factor.levels]
    assert len(names) == len(set(names))
    assert not {"baseline", "tuned", *(factor.name for factor in FACTORS)} & set(names)


def test_labels_hold_no_decimal_that_could_be_mistaken_for_a_result() -> None:
    labels = [
        label for factor in FACTORS for label in (factor.label, factor.ablation.label, *(level.label for level in factor.levels))
    ]
    assert not [label for label in labels if re.search(r"\d\.\d", label)]


@by_factor
def test_there_is_enough_to_write_from(factor: Factor) -> None:
    assert 6 <= len(factor.background) <= 9
    assert len(factor.confounders) >= 3
    assert len(factor.practice) >= 3
    keys = {key for sentence in factor.background for key in cited(sentence)}
    assert len(keys) >= 5
    assert factor.question.endswith("?")


def test_every_citation_is_a_work_of_the_catalogue() -> None:
    works = json.loads((ROOT / "researchclaw" / "catalogue" / "works.json").read_text(encoding="utf-8"))
    entries = works if isinstance(works, list) else works["works"]
    known = {entry["key"] for entry in entries}
    used = {key for _, sentence in EVERY_SENTENCE for key in cited(sentence)}
    used |= {key for factor in FACTORS for level in factor.levels for key in level.works}
    assert used <= known, used - known


def test_only_the_background_cites() -> None:
    background = {sentence for factor in FACTORS for sentence in factor.background}
    assert not [sentence for _, sentence in EVERY_SENTENCE if cited(sentence) and sentence not in background]


@pytest.mark.parametrize(("factor", "sentence"), EVERY_SENTENCE)
def test_a_sentence_can_stand_in_a_paper(factor: str, sentence: str) -> None:
    text = plain(sentence)
    assert text[0].isupper()
    assert text.endswith(".")
    assert 12 <= len(text.split()) <= 32
    assert not re.search(r"\d", text), "numbers come from the record"
    assert not NUMBER_WORDS & set(re.findall(r"[a-z]+", text.lower()))
    assert not [phrase for phrase in STOCK_PHRASES if phrase in text.lower()]
    assert not re.search(r"(?i)\b(our (runs|results|experiments)|we (found|find|observe|show))\b", text), "no result before a run"
    assert not re.search(r"\w(ization|izing|izes?|ized)\b", re.sub(r"(?i)\b(over)?siz(e|es|ed)\b", "", text)), "British spelling"


def test_no_sentence_is_another_sentence_in_other_clothes() -> None:
    def shingles(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"[a-z]+", plain(text).lower())
        return {tuple(words[place : place + 3]) for place in range(len(words) - 2)}

    marked = [(sentence, shingles(sentence)) for _, sentence in EVERY_SENTENCE]
    alike = [
        (one, other)
        for place, (one, first) in enumerate(marked)
        for other, second in marked[:place]
        if len(first & second) > 0.4 * min(len(first), len(second))
    ]
    assert not alike
