"""A byte-level GPT of some fifty million parameters and its training on one GPU: the one file of this kit that may change.

What the harness asks for: `CONTEXT`, `build_model()` (the architecture, from the constants alone) and `Training`: `model`,
`tokens_per_step`, `warm_up()` and `step(progress)`. Only torch, math and the standard library may be imported. Budget, clock,
seed, data and score belong to the harness.

`warm_up()` runs before there is any data, on random bytes, so that compiling costs no training time; it leaves the training
as it found it. `progress` is the share of the time that is over, by the parent's clock.

Settings marked 'a guess' were chosen without a GPU at hand.
"""

import zlib

import torch
from torch import Tensor, nn
from torch.nn import functional

DEPTH = 8  # search: 4 to 16; transformer blocks
WIDTH = 512  # search: 256 to 1024; a multiple of HEAD_DIM
HEAD_DIM = 128  # search: 64, 128
CONTEXT = 2048  # search: 512, 1024, 2048; bytes in a sequence, a divisor of 2048
MLP_RATIO = 4  # search: 2 to 6
BATCH_SIZE = 128  # search: 32 to 256; sequences in a forward pass
ACCUMULATION = 1  # search: 1 to 4; forward passes in a step (a guess: half of the baseline's batch)
NGRAM_TABLES = 3  # search: 0 to 3; tables indexed by a hash of the last 2, 3, 4 bytes (they helped tiny_lm; here a guess)
TABLE_BITS = 14  # search: 12 to 18; rows of a table, as a power of two
VALUE_EMBEDDINGS = True  # search: True, False; every second block adds an embedding of the byte to its values
SOFTCAP = 15.0  # search: 0.0 (off), 15.0, 30.0; logits are squashed into this range by tanh
MATRIX_LR = 0.04  # search: log scale, 0.005 to 0.1; Muon, for the matrices of the blocks
EMBEDDING_LR = 0.6  # search: log scale, 0.05 to 1.0; Adam; this and the next three at a width of 768
HEAD_LR = 0.004  # search: log scale, 0.001 to 0.02
SCALAR_LR = 0.5  # search: log scale, 0.05 to 1.0; the weights of the residual stream
WEIGHT_DECAY = 0.2  # search: 0.0 to 0.4; of matrices, where it agrees with the update; falls to nothing
WARMUP = 0.0  # search: 0.0 to 0.1; share of the time
WARMDOWN = 0.5  # search: 0.2 to 0.8; share of the time, straight to FINAL_LR
FINAL_LR = 0.0  # search: 0.0 to 0.1; a fraction of the peak
MOMENTUM_STEPS = 300  # search: 0 to 1000; steps in which Muon's momentum rises from 0.85 to 0.95
COMPILE = True  # search: True, False; on a GPU only

GATE_CHANNELS = 32
POLAR = (  # Amsel et al. 2025, 'The Polar Express', coefficients of five iterations
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
    (2.300652019954817, -1.6689039845747493, 0.4188073119525673),
)


def norm(x: Tensor) -> Tensor:
    """Root-mean-square normalisation without a gain."""
    return functional.rms_norm(x, (x.shape[-1],))


class Block(nn.Module):
    """Attention and MLP. values: an embedding of the byte itself joins the attention's values, through a gate."""

    def __init__(self, values: bool) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.proj = nn.Linear(WIDTH, WIDTH, bias=False)
        self.up = nn.Linear(WIDTH, MLP_RATIO * WIDTH, bias=False)
        self.down = nn.Linear(MLP_RATIO * WIDTH, WIDTH, bias=False)
        self.values = nn.Embedding(256, WIDTH) if values else None
        self.gate = nn.Linear(GATE_CHANNELS, WIDTH // HEAD_DIM, bias=False) if values else None

    def forward(self, x: Tensor, tokens: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        rows, length, _ = x.shape
        normed = norm(x)
        q, k, v = self.qkv(normed).view(rows, length, 3, -1, HEAD_DIM).unbind(2)
        if self.values is not None and self.gate is not None:
            gate = 2 * torch.sigmoid(self.gate(normed[..., :GATE_CHANNELS]))
            v = v + gate[..., None] * self.values(tokens).view(rows, length, -1, HEAD_DIM).to(v.dtype)
        q, k = norm(rotated(q, cos, sin)), norm(rotated(k, cos, sin))
        y = functional.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(rows, length, WIDTH))
        return x + self.down(functional.relu(self.up(norm(x))).square())


def rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x (rows, length, heads, HEAD_DIM), each pair of channels turned by its angle."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)


class GPT(nn.Module):
    """tokens, int64 (rows, length <= CONTEXT) -> logits of the next byte, float32 (rows, length, 256)."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(256, WIDTH)
        self.tables = nn.ModuleList(nn.Embedding(2**TABLE_BITS, WIDTH) for _ in range(NGRAM_TABLES))
        self.blocks = nn.ModuleList(Block(VALUE_EMBEDDINGS and (DEPTH - 1 - number) % 2 == 0) for number in range(DEPTH))
        self.stream = nn.Parameter(torch.empty(DEPTH))  # how much of the residual stream goes on
        self.skip = nn.Parameter(torch.empty(DEPTH))  # how much of its beginning is added again
        self.head = nn.Linear(WIDTH, 256, bias=False)
        half = HEAD_DIM // 2
        angle = torch.outer(torch.arange(CONTEXT, dtype=torch.float32), 10_000.0 ** (-torch.arange(half) / half))
        self.register_buffer("cos", angle.cos()[:, None, :], persistent=False)
        self.register_buffer("sin", angle.sin()[:, None, :], persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        length = tokens.shape[1]
        x = self.embed(tokens)
        code = tokens
        for back, table in enumerate(self.tables, start=1):  # the hash of the last back + 1 bytes picks a row
            code = code * 257 + functional.pad(tokens, (back, 0))[:, :length]
            x = x + table((code * 2_654_435_761 >> 15) % 2**TABLE_BITS)
        first = x = norm(x)
        cos, sin = self.cos[:length], self.sin[:length]
        for number, block in enumerate(self.blocks):
            x = block(self.stream[number] * x + self.skip[number] * first, tokens, cos, sin)
        logits = self.head(norm(x)).float()
        return SOFTCAP * torch.tanh(logits / SOFTCAP) if SOFTCAP else logits


def build_model() -> nn.Module:
    """The architecture that the constants describe, not yet initialised."""
    return GPT()


@torch.no_grad()
def initialise(model: nn.Module, seed: int) -> None:
    """Fill every parameter from a generator named after it; each block starts as the identity."""
    for name, p in model.named_parameters():
        generator = torch.Generator().manual_seed(seed * 1_000_003 + zlib.crc32(name.encode()))
        if name in ("stream", "skip"):
            p.fill_(1.0 if name == "stream" else 0.1)
        elif name.endswith(("proj.weight", "down.weight", "gate.weight")) or name.startswith("tables"):
            p.zero_()
        else:
            std = 0.001 if name.startswith("head") else 1.0 if name.startswith("embed") else WIDTH**-0.5
            p.copy_(torch.empty(p.shape).normal_(0.0, std, generator=generator))


def polar(x: Tensor) -> Tensor:
    """The nearest matrices whose singular values are all one. x (count, rows, columns)."""
    wide = x.mT if x.shape[1] > x.shape[2] else x
    wide = wide.bfloat16() if x.is_cuda else wide
    wide = wide / (1.02 * wide.norm(dim=(1, 2), keepdim=True) + 1e-6)
    for a, b, c in POLAR:
        gram = wide @ wide.mT
        wide = a * wide + (b * gram + c * gram @ gram) @ wide
    return (wide.mT if x.shape[1] > x.shape[2] else wide).to(x.dtype)


class Muon(torch.optim.Optimizer):
    """Jordan et al. 2024: orthogonal momentum, here with rows of even size (Li et al. 2025, NorMuon) and cautious decay.

    All matrices of one shape are handled at once.
    """

    def __init__(self, params: list[Tensor], lr: float) -> None:
        shapes = sorted({tuple(p.shape) for p in params})
        super().__init__([{"params": [p for p in params if tuple(p.shape) == shape]} for shape in shapes], {"lr": lr})
        self.momentum, self.decay = 0.95, 0.0

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            every = group["params"]
            rows, columns = every[0].shape
            long = -1 if rows >= columns else -2
            gradient = torch.stack([p.grad for p in every])
            state = self.state[every[0]]
            m = state.setdefault("m", torch.zeros_like(gradient)).lerp_(gradient, 1 - self.momentum)
            update = polar(gradient.lerp(m, self.momentum))  # Nesterov
            power = update.square().mean(long, keepdim=True)
            second = state.setdefault("second", torch.zeros_like(power)).lerp_(power, 0.05)
            evened = update * second.clamp_min(1e-10).rsqrt()
            update = evened * (update.norm(dim=(1, 2), keepdim=True) / evened.norm(dim=(1, 2), keepdim=True).clamp_min(1e-10))
            weights = torch.stack(every)
            agrees = (update * weights >= 0).to(weights.dtype)
            update = max(1.0, rows / columns) ** 0.5 * update + self.decay * agrees * weights
            torch._foreach_sub_(every, list((group["lr"] * update).unbind()))


def learning_rate_factor(progress: float) -> float:
    """Fraction of the peak, 0 <= progress <= 1."""
    if progress < WARMUP:
        return progress / WARMUP
    fall = max(0.0, (progress - (1 - WARMDOWN)) / WARMDOWN) if WARMDOWN else 0.0
    return 1.0 - (1.0 - FINAL_LR) * min(1.0, fall)


class Training:
    """One training run. data: uint8, one-dimensional, on the device to train on; the harness fills it after `warm_up`."""

    def __init__(self, data: Tensor, seed: int) -> None:
        self.data, self.seed, self.steps_done = data, seed, 0
        self.tokens_per_step = BATCH_SIZE * ACCUMULATION * CONTEXT
        self.model = build_model()
        initialise(self.model, seed)
        self.model.to(data.device).train()
        self.compiled = torch.compile(self.model, dynamic=False) if COMPILE and data.is_cuda else self.model
        self.restart()

    def restart(self) -> None:
        """Optimisers and data order as at the beginning."""
        scale = (WIDTH / 768) ** -0.5
        groups: dict[float, list[Tensor]] = {}
        matrices = []
        for name, p in self.model.named_parameters():
            if name.endswith(("qkv.weight", "proj.weight", "up.weight", "down.weight")):
                matrices.append(p)
            else:
                table = name.startswith(("embed", "tables")) or name.endswith("values.weight")
                rate = EMBEDDING_LR if table else SCALAR_LR if p.ndim == 1 else HEAD_LR
                groups.setdefault(rate * (scale if p.ndim > 1 else 1.0), []).append(p)
        self.muon = Muon(matrices, lr=MATRIX_LR)
        settings = [{"params": params, "lr": rate} for rate, params in groups.items()]
        self.adam = torch.optim.AdamW(settings, betas=(0.8, 0.95), eps=1e-10, weight_decay=0.0, fused=True)
        self.peaks = [(group, group["lr"]) for optimiser in (self.muon, self.adam) for group in optimiser.param_groups]
        self.order = torch.Generator().manual_seed(self.seed * 1_000_003 + 1)
        self.steps_done = 0

    def warm_up(self) -> None:
        """Compile by two steps on random bytes, then begin anew."""
        for _ in range(2):
            self.step(0.0)
        initialise(self.model, self.seed)
        self.restart()

    def batch(self) -> tuple[Tensor, Tensor]:
        start = torch.rand(BATCH_SIZE, generator=self.order, dtype=torch.float64) * (len(self.data) - CONTEXT)
        at = start.long().to(self.data.device)[:, None] + torch.arange(CONTEXT + 1, device=self.data.device)
        window = self.data[at].long()
        return window[:, :-1], window[:, 1:]

    def step(self, progress: float) -> Tensor:
        """One optimisation step; the training loss before it, nats per byte, on the device."""
        total = torch.zeros((), device=self.data.device)
        for _ in range(ACCUMULATION):
            inputs, targets = self.batch()
            with torch.autocast(self.data.device.type, torch.bfloat16, enabled=self.data.is_cuda):
                logits = self.compiled(inputs)
            loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten()) / ACCUMULATION
            loss.backward()
            total += loss.detach()
        factor = learning_rate_factor(progress)
        for group, peak in self.peaks:
            group["lr"] = peak * factor
        self.muon.momentum = 0.85 + 0.1 * min(1.0, self.steps_done / MOMENTUM_STEPS if MOMENTUM_STEPS else 1.0)
        self.muon.decay = WEIGHT_DECAY * (1 - progress)
        for optimiser in (self.muon, self.adam):
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self.steps_done += 1
        return total
