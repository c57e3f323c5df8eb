"""Every constant of train.py really does something, trains without a crash, and keeps seeds paired."""

import types

import pytest

from researchclaw.kits import annotated_constants, kit_folder, load_kit
from stages.d_design.patching import apply_settings

pytestmark = pytest.mark.slow

SMALL = {"BATCH_SIZE": "2", "CONTEXT": "32", "WIDTH": "32"}
LEVELS = [
    *[("OPTIMIZER", f"'{name}'") for name in ("sgd", "lion", "muon", "rmsprop", "adagrad")],
    *[("LEARNING_RATE", "0.01"), ("BETA2", "0.9"), ("WEIGHT_DECAY", "0.0"), ("GRAD_CLIP", "0.0"), ("GRAD_CLIP", "0.1")],
    *[("SCHEDULE", f"'{name}'") for name in ("constant", "linear", "trapezoid", "inverse_sqrt")],
    *[("WARMUP", "0.0"), ("WARMUP", "0.4"), ("FINAL_LR", "0.2"), ("BATCH_SIZE", "4"), ("CONTEXT", "64"), ("DATA_FRACTION", "0.1")],
    *[("DEPTH", "1"), ("DEPTH", "3"), ("WIDTH", "64"), ("HEADS", "1"), ("HEADS", "4"), ("MLP_RATIO", "2")],
    *[("ACTIVATION", f"'{name}'") for name in ("relu", "relu2", "silu", "swiglu")],
    *[("NORM", "'rmsnorm'"), ("NORM", "'none'"), ("NORM_PLACE", "'post'"), ("QK_NORM", "True")],
    *[("POSITION", f"'{name}'") for name in ("rope", "sinusoidal", "alibi", "none")],
    *[("TIE_EMBEDDINGS", "True"), ("DROPOUT", "0.1"), ("LABEL_SMOOTHING", "0.1")],
    *[("INIT", f"'{name}'") for name in ("xavier", "kaiming", "orthogonal")],
    *[("INIT_STD", "0.1"), ("ZERO_INIT_PROJECTIONS", "True"), ("SOFTCAP", "15.0")],
    *[("NGRAM_TABLES", f"{count}") for count in (1, 2, 3)],
]


@pytest.fixture(scope="module")
def source(sandbox):
    return (sandbox / "kits/tiny_lm/train.py").read_text()


@pytest.fixture(scope="module")
def data(text):
    import torch

    torch.set_num_threads(1)
    return torch.frombuffer(bytearray(text(50_000)), dtype=torch.uint8)


def candidate(source, settings):
    module = types.ModuleType("candidate")
    exec(compile(apply_settings(source, settings), "train.py", "exec"), module.__dict__)
    return module


def trained(source, data, settings, steps=30, seed=1):
    """Losses of a short run, and the trained model's logits on fixed bytes."""
    import torch

    run = candidate(source, SMALL | settings).Training(data, steps, seed)
    losses = [run.step() for _ in range(steps)]
    with torch.no_grad():
        return losses, run.model.eval()(data[:32].long()[None])


def test_every_constant_is_tried_here(source, sandbox):
    assert {name for name, _ in LEVELS} | {"TABLE_BITS"} == set(annotated_constants(source, sandbox / "train.py"))


@pytest.mark.parametrize(("name", "literal"), LEVELS)
def test_a_level_trains_and_changes_the_model(source, data, name, literal):
    losses, logits = trained(source, data, {name: literal})
    _, plain = trained(source, data, {})
    assert all(0 < loss < 100 for loss in losses)
    assert losses[0] > losses[-1] - 0.5
    assert logits.isfinite().all()
    assert not logits.equal(plain)


def test_every_level_ablation_and_tunable_of_the_kit_trains(source, data):
    kit = load_kit(kit_folder("tiny_lm"))
    settings = [level.settings for factor in kit.factors for level in factor.levels if not level.is_baseline]
    settings += [factor.ablation.settings for factor in kit.factors]
    settings += [{name: literal} for name, literals in kit.tunable.items() for literal in literals]
    for changed in settings:
        losses, logits = trained(source, data, changed, steps=4)
        assert max(losses) < 100, changed
        assert logits.isfinite().all(), changed


def test_table_bits_change_the_model_with_tables(source, data):
    few, many = (trained(source, data, {"NGRAM_TABLES": "1", "TABLE_BITS": bits})[1] for bits in ("6", "12"))
    assert not few.equal(many)


def test_the_same_seed_gives_the_same_run_and_another_seed_another(source, data):
    first, second, other = (trained(source, data, {"DROPOUT": "0.1"}, seed=seed) for seed in (1, 1, 2))
    assert first[0] == second[0]
    assert first[1].equal(second[1])
    assert first[0] != other[0]


def test_conditions_share_data_order_and_the_initial_values_of_common_parameters(source, data):
    plain = candidate(source, SMALL).Training(data, 30, 5)
    changed = {"NGRAM_TABLES": "2", "OPTIMIZER": "'muon'", "DROPOUT": "0.1", "POSITION": "'rope'"}
    other = candidate(source, SMALL | changed).Training(data, 30, 5)
    common = dict(plain.model.named_parameters()).keys() & dict(other.model.named_parameters()).keys()
    assert "blocks.1.mlp.up.weight" in common
    for name in common:
        assert plain.model.get_parameter(name).equal(other.model.get_parameter(name))
    for _ in range(3):
        assert plain.batch()[0].equal(other.batch()[0])


def test_label_smoothing_leaves_the_reported_loss_plain(source, data):
    smoothed, plain = (trained(source, data, settings, steps=1)[0] for settings in ({"LABEL_SMOOTHING": "0.2"}, {}))
    assert smoothed == pytest.approx(plain, rel=1e-6)


@pytest.mark.parametrize("position", ["learned", "rope", "sinusoidal", "alibi", "none"])
def test_the_model_is_causal_and_answers_any_length(source, data, position):
    import torch

    model = candidate(source, SMALL | {"POSITION": f"'{position}'", "NGRAM_TABLES": "3"}).Training(data, 1, 1).model.eval()
    tokens = data[:32].long()[None]
    with torch.no_grad():
        whole = model(tokens)
        for length in (1, 2, 7, 31):
            assert torch.allclose(model(tokens[:, :length]), whole[:, :length], atol=1e-5)


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine", "trapezoid", "inverse_sqrt"])
def test_a_schedule_rises_to_the_peak_and_stays_between_floor_and_peak(source, schedule):
    module = candidate(source, {"SCHEDULE": f"'{schedule}'", "FINAL_LR": "0.1", "WARMUP": "0.1"})
    factors = [module.learning_rate_factor(step, 1000) for step in range(1000)]
    assert factors[:3] == pytest.approx([0.01, 0.02, 0.03])
    assert max(factors) == pytest.approx(1.0, abs=1e-3)
    assert min(factors[100:]) >= 0.1
    assert factors[100:] == sorted(factors[100:], reverse=True)
    assert factors[-1] == pytest.approx({"constant": 1.0, "inverse_sqrt": 10**-0.5}.get(schedule, 0.1), abs=0.01)
