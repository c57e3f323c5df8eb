"""Which phrases name a condition, and which only look as if they did."""

import pytest

from stages.g_writing.sentence_check.condition_names import conditions_in, removed
from stages.g_writing.sentence_check.study import MetricFacts, Scores, Study

SCORES = Scores(seeds={"0": 0.5, "1": 0.6}, n=2, mean=0.55, std=0.07, min=0.5, max=0.6, median=0.55)


def study(*names: str) -> Study:
    return Study(
        metrics={"accuracy": MetricFacts(unit="fraction", direction="max")},
        conditions={name: {"accuracy": SCORES} for name in names},
        comparisons={},
        config={},
    )


def named(text: str, *names: str) -> list[str]:
    return [mention.name for mention in conditions_in(text, study(*names))]


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("A mixture density network beats the normalising flow.", ("mdn", "flow"), ["mdn", "flow"]),
        ("Blur pooling, or a blur-pooled network, is slower.", ("blurpool", "strided"), ["blurpool", "blurpool"]),
        ("Relative to always compiling, interpretation is slow.", ("compiled", "interpreted"), ["compiled", "interpreted"]),
        ("Rotary embeddings lead, linear biases follow.", ("rope", "alibi"), ["rope", "alibi"]),
        ("Full attention 34.6, local 34.0, linear 31.3.", ("full_attention", "local_attention", "linear_attention"),
         ["full_attention", "local_attention", "linear_attention"]),
        ("GATv2 without skip connections is worse.", ("gatv2", "gatv2_no_skip"), ["gatv2_no_skip"]),
        ("Deprived of its skip connections, GATv2 is worse.", ("gatv2", "gatv2_no_skip"), ["gatv2_no_skip"]),
        ("Dropping the skips costs GATv2 a point.", ("gatv2", "gatv2_no_skip"), ["gatv2_no_skip", "gatv2"]),
        ("Trained from scratch, the transformer is worse.", ("transformer", "transformer_scratch"), ["transformer_scratch"]),
        ("The dense one is faster.", ("dense", "hybrid"), ["dense"]),
        ("A deep ensemble with hard negatives.", ("deepens", "hardneg"), ["deepens", "hardneg"]),
    ],
)  # fmt: skip
def test_paraphrases_name_conditions(text: str, names: tuple[str, ...], expected: list[str]) -> None:
    assert named(text, *names) == expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The learning rate was tuned.", ("learned", "random")),
        ("The sparse-dense ensemble is slow.", ("dense", "hybrid")),
        ("Many data need care.", ("mdn", "flow")),  # initials without a noun that methods end with
        ("The gain is full of surprises.", ("full_attention", "local_attention")),
        ("Memory and loss per step.", ("mlp", "gru")),
    ],
)
def test_what_only_looks_like_a_name_is_none(text: str, names: tuple[str, ...]) -> None:
    assert named(text, *names) == []


def test_what_was_removed_from_what() -> None:
    assert removed("gatv2_no_skip") == ("gatv2", "skip")
    assert removed("painn_wo_vector") == ("painn", "vector")
    assert removed("no_cutmix") == ("", "cutmix")
    assert removed("transformer_scratch") is None
