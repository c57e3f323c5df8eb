"""The GPU program's parts, at the size of a check on the CPU: what a run on a GPU would do, but for bfloat16 and compiling."""

import types
from collections.abc import Callable

import pytest

from researchclaw import gpu_kits

KIT = gpu_kits.load_gpu_kit("gpu_lm")


def program(recipe: str | None = None) -> types.ModuleType:
    module = types.ModuleType("candidate")
    exec(gpu_kits.check_size(KIT, gpu_kits.program(KIT, recipe)), module.__dict__)
    return module


@pytest.fixture(scope="module")
def ours() -> types.ModuleType:
    import torch

    torch.set_num_threads(1)
    return program()


@pytest.fixture
def training(ours: types.ModuleType, text: Callable[[int], bytes]) -> types.SimpleNamespace:
    import torch

    return ours.Training(torch.frombuffer(bytearray(text(20_000)), dtype=torch.uint8), 3)  # type: ignore[no-any-return]


def test_polar_makes_every_singular_value_about_one(ours: types.ModuleType) -> None:
    import torch

    for shape in ((3, 64, 16), (2, 16, 64), (1, 32, 32)):
        values = torch.linalg.svdvals(ours.polar(torch.randn(shape, generator=torch.Generator().manual_seed(0))))
        assert values.min() > 0.8 and values.max() < 1.25


def test_muon_treats_matrices_of_one_shape_apart(ours: types.ModuleType) -> None:
    """A stack is a matter of speed: each matrix moves as it would alone."""
    import torch

    draw = torch.Generator().manual_seed(1)
    start, slopes = [torch.randn(8, 4, generator=draw) for _ in range(2)], [torch.randn(8, 4, generator=draw) for _ in range(2)]

    def moved(which: list[int]) -> list[torch.Tensor]:
        params = [torch.nn.Parameter(start[number].clone()) for number in which]
        muon = ours.Muon(params, lr=0.1)
        muon.decay = 0.2
        for _ in range(2):
            for p, number in zip(params, which, strict=True):
                p.grad = slopes[number].clone()
            muon.step()
        return params

    together = moved([0, 1])
    assert torch.allclose(together[0], moved([0])[0], atol=1e-6)
    assert torch.allclose(together[1], moved([1])[0], atol=1e-6)


def test_decay_is_cautious(ours: types.ModuleType) -> None:
    """Only weights that the update makes smaller anyway are shrunk."""
    import torch

    p = torch.nn.Parameter(torch.tensor([[2.0, -2.0], [-2.0, -2.0]]))
    with_decay, without = p.detach().clone(), p.detach().clone()
    for target, decay in ((with_decay, 0.5), (without, 0.0)):
        q = torch.nn.Parameter(target)
        q.grad = torch.tensor([[1.0, 0.5], [0.2, 1.0]])
        muon = ours.Muon([q], lr=0.1)
        muon.decay = decay
        muon.step()
        target.copy_(q.detach())
    shrunk = (with_decay - without).abs() > 1e-6
    went_down = without.abs() < 2.0
    assert torch.equal(shrunk, went_down)


def test_no_prediction_depends_on_later_bytes(training: types.SimpleNamespace) -> None:
    import torch

    training.step(0.0)
    tokens = torch.randint(0, 256, (2, 64))
    other = tokens.clone()
    other[:, 40:] = (other[:, 40:] + 1) % 256
    with torch.no_grad():
        a, b = training.model(tokens), training.model(other)
    assert torch.equal(a[:, :40], b[:, :40])
    assert not torch.equal(a[:, 40:], b[:, 40:])


def test_warm_up_leaves_the_training_as_it_was(ours: types.ModuleType, text: Callable[[int], bytes]) -> None:
    """Else random bytes would be trained on, and a run would depend on whether it was compiled."""
    import torch

    data = torch.frombuffer(bytearray(text(20_000)), dtype=torch.uint8)
    cold, warm = ours.Training(data, 5), ours.Training(data, 5)
    warm.warm_up()
    for number in range(3):
        assert float(cold.step(number / 3)) == float(warm.step(number / 3))
    assert all(torch.equal(a, b) for a, b in zip(cold.model.parameters(), warm.model.parameters(), strict=True))


def test_it_learns(training: types.SimpleNamespace) -> None:
    losses = [float(training.step(number / 30)) for number in range(30)]
    assert losses[0] == pytest.approx(5.545, abs=0.02)  # log 256
    assert losses[-1] < 3.5


def test_the_schedule_is_a_function_of_time(ours: types.ModuleType) -> None:
    factors = [ours.learning_rate_factor(progress) for progress in (0.0, 0.5, 0.75, 1.0)]
    assert factors == pytest.approx([1.0, 1.0, 0.5, 0.0])


def test_the_sizes_are_those_that_the_docs_name() -> None:
    """Without making them: parameters live on the 'meta' device."""
    import torch

    sizes = {}
    for recipe in (None, "baseline"):
        module = types.ModuleType("candidate")
        exec(gpu_kits.program(KIT, recipe), module.__dict__)
        with torch.device("meta"):
            sizes[recipe] = sum(p.numel() for p in module.build_model().parameters()) / 1e6
    assert sizes[None] == pytest.approx(51.1, abs=0.1)
    assert sizes["baseline"] == pytest.approx(26.0, abs=0.1)
