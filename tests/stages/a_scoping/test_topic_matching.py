"""Ordinary sentences and what the tiny_lm kit understands of them."""

from pathlib import Path

import pytest
import yaml

from stages.a_scoping.topic_matching import MatchedTopic, match_topic
from stages.contracts import Factor, Kit, Metric
from stages.errors import SettingsError

FACTORS = Path(__file__).parents[3] / "sandbox" / "kits" / "tiny_lm" / "factors.yaml"


SCOPE = ("language model", "gpt", "transformer", "byte level", "model", "models", "training", "network", "deep learning")


def kit_of(factors: tuple[Factor, ...], scope_words: tuple[str, ...] = SCOPE) -> Kit:
    return Kit(
        name="tiny_lm",
        title="Tiny language models",
        domain="language modelling",
        summary="A byte-level GPT.",
        metric=Metric(name="val_bpb", label="validation bits per byte", unit="bpb", lower_is_better=True),
        default_budget_s=300,
        answers=(),
        scope_words=scope_words,
        factors=factors,
        constants={},
        tunable={},
        train_py="",
        prepare_sha256="0" * 64,
        kit_sha256="0" * 64,
    )


@pytest.fixture(scope="module")
def kit() -> Kit:
    return kit_of(tuple(Factor.model_validate(entry) for entry in yaml.safe_load(FACTORS.read_text(encoding="utf-8"))))


def read(matched: MatchedTopic) -> list[tuple[str, tuple[str, ...]]]:
    return [(match.factor, match.levels) for match in matched.matches]


ONE_FACTOR: list[tuple[str, str, tuple[str, ...]]] = [
    ("Does the learning-rate schedule matter for tiny byte-level language models?", "schedule", ()),
    ("Is cosine decay better than a constant learning rate?", "schedule", ("constant",)),
    ("Should the learning rate be annealed linearly or kept constant in small GPTs?", "schedule", ("linear", "constant")),
    ("Should the learning rate be constant?", "schedule", ("constant",)),
    ("Should the learning rate be warmed up slowly?", "warmup", ()),
    ("How should one decay the learning rate of a small transformer?", "schedule", ()),
    ("Does a trapezoidal schedule beat cosine annealing?", "schedule", ("trapezoid",)),
    ("Which learning rate suits a tiny language model trained for twenty seconds?", "learning_rate", ()),
    ("Is a higher learning rate worth the risk?", "learning_rate", ("lr_high",)),
    ("How large should the step size be?", "learning_rate", ()),
    ("Is warm-up necessary?", "warmup", ()),
    ("Do we need warming up the learning rate?", "warmup", ()),
    ("Can a small GPT be trained without warmup?", "warmup", ("no_warmup",)),
    ("Does a longer warm-up help?", "warmup", ("long_warmup",)),
    ("What batch size is good for training on a laptop?", "batch_size", ()),
    ("bigger batches or more steps?", "batch_size", ("batch_32",)),
    ("Are small mini-batches better when time is short?", "batch_size", ()),
    ("Does Adam beat SGD?", "optimizer", ("sgd",)),
    ("Which optimiser is best for a tiny transformer?", "optimizer", ()),
    ("Muon vs. AdamW for small language models", "optimizer", ("muon",)),
    ("Is Lion a better optimizer than RMSProp?", "optimizer", ("lion", "rmsprop")),
    ("Is plain momentum enough?", "optimizer", ("sgd",)),
    ("Is SwiGLU worth it?", "activation", ("swiglu",)),
    ("Which non-linearity works well in a tiny GPT?", "activation", ()),
    ("GELU versus squared ReLU in a byte-level transformer", "activation", ("relu2",)),
    ("Does relu² help?", "activation", ("relu2",)),
    ("Does RMSNorm do as well as LayerNorm?", "normalisation", ("rmsnorm",)),
    ("Can small transformers do without normalization?", "normalisation", ("no_norm",)),
    ("Should layer norm go before or after the block (pre-norm or post-norm)?", "normalisation", ("post_norm",)),
    ("Does QK-norm stabilise training?", "normalisation", ("qk_norm",)),
    ("Do small language models need positional encodings?", "position", ()),
    ("Is RoPE better than learned position embeddings?", "position", ("rope",)),
    ("Rotary embeddings against ALiBi for short contexts?", "position", ("rope", "alibi")),
    ("Do tied embeddings hurt a byte-level model?", "tying", ("tied",)),
    ("Should the input and output embeddings share weights (weight tying)?", "tying", ()),
    ("Is dropout useful?", "dropout", ()),
    ("Does heavy dropout hurt a small language model?", "dropout", ("heavy_dropout",)),
    ("Does label smoothing improve bits per byte?", "label_smoothing", ()),
    ("Are soft targets good for language modelling?", "label_smoothing", ()),
    ("How much weight decay does a tiny model need?", "weight_decay", ()),
    ("Is L2 regularisation any use in a short training run?", "weight_decay", ()),
    ("Does gradient clipping matter?", "grad_clip", ()),
    ("What happens if the gradients are not clipped?", "grad_clip", ()),
    ("Xavier or Kaiming initialisation for a small transformer?", "initialisation", ("xavier", "kaiming")),
    ("How should the weights be initialised?", "initialisation", ()),
    ("Do n-gram tables help tiny language models?", "ngram_tables", ()),
    ("Would a hashed bigram lookup help a small GPT?", "ngram_tables", ("bigram_table",)),
    ("How long a context does a tiny language model need?", "context", ()),
    ("Is a longer context worth the time?", "context", ("context_256",)),
    ("Does the sequence length matter for training?", "context", ()),
    ("Is it better to train on less data for longer?", "data_amount", ("data_tenth",)),
    ("How much training data does a tiny GPT need?", "data_amount", ()),
    ("Does repeating the data several times hurt?", "data_amount", ()),
    ("How many attention heads does a tiny GPT need?", "heads", ()),
    ("Is a single attention head enough?", "heads", ("heads_1",)),
    ("How wide should the MLP of a small transformer be: does the MLP ratio matter?", "mlp_ratio", ()),
    ("Do wider feed-forward layers pay off?", "mlp_ratio", ("mlp_8",)),
    ("Does model width matter under a fixed time budget?", "width", ()),
    ("Is a bigger model better in five minutes of training?", "width", ("width_96",)),
    ("How many layers should a tiny transformer have?", "depth", ()),
    ("Are deeper models better for short training runs?", "depth", ("depth_3",)),
]


@pytest.mark.parametrize(("topic", "factor", "levels"), ONE_FACTOR, ids=[topic for topic, _, _ in ONE_FACTOR])
def test_an_ordinary_topic_lands_on_its_factor(kit: Kit, topic: str, factor: str, levels: tuple[str, ...]) -> None:
    matched = match_topic(topic, kit)
    assert matched.in_scope, matched.foreign
    assert matched.matches[0].factor == factor
    if levels:
        assert matched.matches[0].levels == levels


NAMES_ANOTHER = {"Rotary embeddings against ALiBi for short contexts?"}
SINGLE = [topic for topic, _, _ in ONE_FACTOR if topic not in NAMES_ANOTHER]


@pytest.mark.parametrize("topic", SINGLE)
def test_a_topic_about_one_factor_brings_up_no_other(kit: Kit, topic: str) -> None:
    assert len(match_topic(topic, kit).matches) == 1


COMBINATIONS: list[tuple[str, tuple[str, str], bool]] = [
    ("Should a small GPT be wide or deep?", ("width", "depth"), True),
    ("Width against depth at equal training time", ("width", "depth"), True),
    ("Do small language models need warmup if gradients are clipped?", ("warmup", "grad_clip"), False),
    ("Does the best learning rate change with the batch size?", ("learning_rate", "batch_size"), False),
    ("Do dropout and weight decay help together?", ("dropout", "weight_decay"), False),
    ("Dropout or weight decay: which regularises a tiny transformer better?", ("dropout", "weight_decay"), True),
    ("Is warm-up needed with Lion?", ("warmup", "optimizer"), False),
    ("Does RMSNorm make warmup unnecessary?", ("normalisation", "warmup"), False),
    ("Can better initialisation replace layer normalisation?", ("initialisation", "normalisation"), True),
    ("Is it better to use a longer context rather than bigger batches?", ("context", "batch_size"), True),
    ("Do n-gram tables make position embeddings superfluous in small language models?", ("ngram_tables", "position"), False),
    ("Is dropout useful when data is repeated, i.e. with multiple epochs?", ("dropout", "data_amount"), False),
    ("Trade-off between depth and number of attention heads", ("depth", "heads"), True),
    ("More layers instead of more heads?", ("depth", "heads"), True),
    ("Does SwiGLU still help with tied embeddings?", ("activation", "tying"), False),
    ("Which matters more, the optimiser and its learning rate?", ("optimizer", "learning_rate"), True),
    ("Does label smoothing interact with weight decay in language models?", ("label_smoothing", "weight_decay"), False),
    ("Muon with a cosine learning-rate schedule", ("optimizer", "schedule"), False),
]


@pytest.mark.parametrize(("topic", "factors", "contest"), COMBINATIONS, ids=[topic for topic, _, _ in COMBINATIONS])
def test_combinations_keep_the_order_of_the_topic_and_know_rivals(
    kit: Kit, topic: str, factors: tuple[str, str], contest: bool
) -> None:
    matched = match_topic(topic, kit)
    assert matched.in_scope, matched.foreign
    assert tuple(match.factor for match in matched.matches) == factors
    assert matched.contest is contest


OUTSIDE = [
    "Do bees sleep?",
    "Does ridge beat lasso on correlated features?",
    "Image classification with dropout in CNNs",
    "Does warm-up help image models on CIFAR?",
    "Does batch size matter in reinforcement learning?",
    "Which optimizer is best for protein structure prediction?",
    "Does label smoothing help speech recognition?",
    "Weight decay for graph neural networks",
    "Does the learning rate matter for diffusion models?",
    "Does dropout help vision transformers?",
    "Does weight training improve the depth of sleep?",
    "Do warm-ups prevent injuries in football?",
    "How does the width of a bridge affect its cost?",
    "Do lions hunt in larger groups when water is scarce?",
    "Why do students drop out of university?",
    "Does the depth of a lake change its colour?",
    "Does quantization hurt small language models?",
    "Does knowledge distillation work with dropout in small language models?",
    "Is a transformer with rotary embeddings better than an LSTM?",
    "Do larger vocabularies help: tokenizer size and learning rate?",
    "Is batch normalisation good for transformers?",
    "What is the capital of France?",
    "How do muon detectors work underground?",
    "Does gradient boosting need early stopping on tabular data?",
    "",
]


@pytest.mark.parametrize("topic", OUTSIDE)
def test_a_topic_of_another_field_is_out_of_scope(kit: Kit, topic: str) -> None:
    assert not match_topic(topic, kit).in_scope


def test_the_reason_is_told_in_the_topics_own_words(kit: Kit) -> None:
    assert match_topic("Image classification with dropout", kit).foreign == ("Image",)
    assert match_topic("How does the width of a bridge affect its cost?", kit).foreign == ("bridge",)
    assert match_topic("Is dropout useful?", kit).foreign == ()


def test_language_model_words_bring_a_foreign_word_back_into_scope(kit: Kit) -> None:
    assert match_topic("Does dropout help language models as it helps image models?", kit).in_scope


def test_a_word_that_the_kit_claims_is_not_foreign_to_it(kit: Kit) -> None:
    graphs = kit_of(kit.factors, scope_words=("graph neural network", "graph"))
    assert match_topic("Weight decay for graph neural networks", graphs).in_scope


@pytest.mark.parametrize(
    ("topic", "factor"),
    [
        ("How long a context is needed?", "context"),
        ("How large the learning rate should be", "learning_rate"),
        ("How small a batch can be used?", "batch_size"),
    ],
)
def test_asking_how_much_names_no_level(kit: Kit, topic: str, factor: str) -> None:
    assert read(match_topic(topic, kit)) == [(factor, ())]


def test_a_word_of_a_longer_phrase_is_not_read_twice(kit: Kit) -> None:
    assert read(match_topic("learning-rate schedule", kit)) == [("schedule", ())]
    assert read(match_topic("label smoothing", kit)) == [("label_smoothing", ())]
    assert read(match_topic("weight decay", kit)) == [("weight_decay", ())]
    assert read(match_topic("number of attention heads", kit)) == [("heads", ())]


@pytest.mark.parametrize("spelling", ["warm-up", "warmup", "warm up", "Warm-Ups", "WARMUP", "the warm‑up"])
def test_spelling_makes_no_difference(kit: Kit, spelling: str) -> None:
    assert read(match_topic(f"Does {spelling} matter?", kit)) == [("warmup", ())]


@pytest.mark.parametrize("topic", ["weight initialization", "weight initialisation", "Weight Initialisations"])
def test_british_and_american_spelling_are_the_same(kit: Kit, topic: str) -> None:
    assert read(match_topic(topic, kit)) == [("initialisation", ())]


def test_the_matched_words_are_quoted_as_written(kit: Kit) -> None:
    matched = match_topic("Is RoPE better than Rotary Embeddings without clipping?", kit)
    assert matched.matches[0].words == ("RoPE", "Rotary Embeddings")
    assert matched.matches[1].words == ("without clipping",)


def test_short_function_words_are_not_joined_into_a_term(kit: Kit) -> None:
    assert read(match_topic("Is there dropout in it?", kit)) == [("dropout", ())]


def test_more_than_two_factors_are_all_reported(kit: Kit) -> None:
    matched = match_topic("Optimiser, batch size and dropout in tiny language models", kit)
    assert [match.factor for match in matched.matches] == ["optimizer", "batch_size", "dropout"]


def test_words_shared_by_two_factors_are_refused(kit: Kit) -> None:
    width = next(factor for factor in kit.factors if factor.name == "width")
    depth = next(factor for factor in kit.factors if factor.name == "depth")
    clash = kit_of((width, depth.model_copy(update={"words": ("hidden size",)})))
    with pytest.raises(SettingsError, match="hidden size"):
        match_topic("Does the hidden size matter?", clash)


@pytest.mark.parametrize(
    "topic",
    [
        "initialisation scale of small transformers",
        "What initialization standard deviation should a small GPT use?",
        "Weight init scale in tiny transformers",
    ],
)
def test_words_may_ask_for_several_levels(kit: Kit, topic: str) -> None:
    assert read(match_topic(topic, kit)) == [("initialisation", ("scale_large", "scale_small", "scale_very_large"))]


def test_one_scale_is_one_level(kit: Kit) -> None:
    assert read(match_topic("Do small initial weights slow a tiny GPT?", kit)) == [("initialisation", ("scale_small",))]


def test_against_an_amount_is_a_dependence_and_no_contest(kit: Kit) -> None:
    dependence = match_topic("dropout against data amount", kit)
    assert [match.factor for match in dependence.matches] == ["dropout", "data_amount"]
    assert not dependence.contest
    assert match_topic("width against depth of tiny language models", kit).contest
    assert match_topic("Dropout or more data for a tiny language model?", kit).contest


@pytest.mark.parametrize(
    ("topic", "factors"),
    [
        ("Is gradient clipping needed with AdamW in tiny models?", ["grad_clip"]),
        ("Does weight decay matter under cosine decay?", ["weight_decay"]),
        ("Is gradient clipping needed with Muon in tiny models?", ["grad_clip", "optimizer"]),
        ("Pre-norm or post-norm for shallow transformers?", ["normalisation"]),
        ("Are SwiGLU MLPs worth it at small scale?", ["activation"]),
        ("Is AdamW the right optimiser?", ["optimizer"]),
    ],
)
def test_what_every_condition_has_anyway_is_no_second_question(kit: Kit, topic: str, factors: list[str]) -> None:
    assert [match.factor for match in match_topic(topic, kit).matches] == factors


def test_deep_networks_are_deep_ones_beside_wide_ones(kit: Kit) -> None:
    rivals = match_topic("Are wide networks better than deep networks for tiny language models?", kit)
    assert [match.factor for match in rivals.matches] == ["width", "depth"]
    assert rivals.contest
    assert read(match_topic("Which optimiser suits deep networks for language?", kit)) == [("optimizer", ())]


def test_a_constant_that_no_factor_varies_is_not_taken_for_the_factor_beside_it(kit: Kit) -> None:
    matched = match_topic("Adam epsilon in tiny language models", kit)
    assert not matched.in_scope
    assert matched.foreign == ("epsilon",)


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("Is warmup needed when the learning rate is small?", [("warmup", ()), ("learning_rate", ("lr_low",))]),
        ("Model size versus training tokens at a fixed budget", [("width", ()), ("data_amount", ())]),
        ("Is it better to repeat small data or use dropout?", [("data_amount", ("data_fiftieth",)), ("dropout", ())]),
        ("Does data repetition harm small models?", [("data_amount", ())]),
        (
            "Larger batches or longer context for a tiny language model?",
            [("batch_size", ("batch_32",)), ("context", ("context_256",))],
        ),
        ("Does a bigger feed-forward layer beat more layers in a tiny GPT?", [("mlp_ratio", ("mlp_8",)), ("depth", ("depth_3",))]),
        ("Does attention without positional encoding work for tiny byte-level GPTs?", [("position", ("no_position",))]),
    ],
)
def test_the_question_understood_is_the_one_asked(kit: Kit, topic: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    matched = match_topic(topic, kit)
    assert matched.in_scope
    assert read(matched) == expected
