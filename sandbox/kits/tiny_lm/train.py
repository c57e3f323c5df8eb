"""A small byte-level GPT and its training: the one file of this kit that may change.

What the harness asks for: `CONTEXT`, `build_model()` (the architecture, from the constants alone) and `Training`
(`model`, `tokens_per_step`, `step()`). Only torch, math and the standard library may be imported. Budget, seed, data
and score belong to the harness. The starting point is deliberately plain: GPT-2 in miniature, untuned.

The seed alone decides initialisation and data order. Each parameter draws from a generator of its own, named after it,
and data order from another one: conditions share what they have in common, so differences at equal seed are paired.
"""

import math
import zlib

import torch
from torch import Tensor, nn
from torch.nn import functional

OPTIMIZER = "adamw"  # search: 'adamw', 'sgd', 'lion', 'muon', 'rmsprop', 'adagrad'; each wants its own LEARNING_RATE
LEARNING_RATE = 0.002  # search: log scale, 0.0003 to 0.03; the peak of the schedule
BETA2 = 0.99  # search: 0.9 to 0.999; memory of the squared gradient (of the momentum in lion)
WEIGHT_DECAY = 0.1  # search: 0.0 to 0.3; decoupled, matrices only
GRAD_CLIP = 1.0  # search: 0.0 (off) to 5.0; limit of the gradient's global norm
SCHEDULE = "cosine"  # search: 'constant', 'linear', 'cosine', 'trapezoid', 'inverse_sqrt'
WARMUP = 0.05  # search: 0.0 to 0.3; fraction of the steps with a rising learning rate
FINAL_LR = 0.0  # search: 0.0 to 0.5; where the schedule ends, as a fraction of the peak
BATCH_SIZE = 16  # search: 2 to 64; sequences in a step
CONTEXT = 128  # search: 32, 64, 128, 256, 512; bytes in a sequence, a divisor of 512
DATA_FRACTION = 1.0  # search: 0.01 to 1.0; part of the training split that is used
DEPTH = 2  # search: 1 to 6; transformer blocks
WIDTH = 64  # search: 32 to 192; a multiple of 2 * HEADS
HEADS = 2  # search: 1, 2, 4, 8; attention heads
MLP_RATIO = 4  # search: 1 to 8; hidden width of the MLP over WIDTH
ACTIVATION = "gelu"  # search: 'relu', 'relu2', 'gelu', 'silu', 'swiglu' (at equal parameter count)
NORM = "layernorm"  # search: 'layernorm', 'rmsnorm', 'none'
NORM_PLACE = "pre"  # search: 'pre' (inside the residual branch), 'post' (after the sum)
QK_NORM = False  # search: True, False; normalise queries and keys
POSITION = "learned"  # search: 'learned', 'sinusoidal', 'rope', 'alibi', 'none'
TIE_EMBEDDINGS = False  # search: True, False; the output matrix is the byte embedding
DROPOUT = 0.0  # search: 0.0 to 0.3; on the embedding and on each residual branch
LABEL_SMOOTHING = 0.0  # search: 0.0 to 0.2; training objective only, the reported loss stays plain
INIT = "normal"  # search: 'normal', 'xavier', 'kaiming', 'orthogonal'; embeddings are always normal
INIT_STD = 0.02  # search: 0.005 to 0.2; standard deviation of the normal initialisation
ZERO_INIT_PROJECTIONS = False  # search: True, False; each block starts as the identity
SOFTCAP = 0.0  # search: 0.0 (off), 10.0, 15.0, 30.0; logits are squashed into this range by tanh
NGRAM_TABLES = 0  # search: 0 to 3; embedding tables indexed by a hash of the last 2, 3, 4 bytes
TABLE_BITS = 14  # search: 10 to 17; rows of a table, as a power of two

BETA1 = 0.9  # memory of the gradient: in AdamW, and the momentum of SGD
MATRIX_MOMENTUM = 0.95  # of muon
MATRIX_ITERATIONS = 5  # of muon, to make a matrix orthogonal
MATRIX_REST = 0.1  # of muon: the rate of AdamW on what is no hidden matrix, as a fraction of LEARNING_RATE
COOLDOWN = 0.5  # of the trapezoid: the last fraction of the run, in which the rate falls


def norm() -> nn.Module:
    """The normalisation layer over WIDTH."""
    return {"layernorm": lambda: nn.LayerNorm(WIDTH), "rmsnorm": lambda: nn.RMSNorm(WIDTH), "none": nn.Identity}[NORM]()


class Attention(nn.Module):
    """Causal self-attention; rotates or biases by position where POSITION says so."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.proj = nn.Linear(WIDTH, WIDTH, bias=False)
        half, place = WIDTH // HEADS // 2, torch.arange(CONTEXT, dtype=torch.float32)
        if POSITION == "rope":  # Su et al. 2021
            angle = torch.outer(place, 10_000.0 ** (-torch.arange(half) / half))
            self.register_buffer("cos", angle.cos(), persistent=False)
            self.register_buffer("sin", angle.sin(), persistent=False)
        if POSITION == "alibi":  # Press et al. 2021: a penalty that grows with distance, another slope for each head
            slope = 2.0 ** (-8.0 * torch.arange(1, HEADS + 1) / HEADS)
            distance = place[:, None] - place[None, :]
            bias = (-slope[:, None, None] * distance).masked_fill(distance < 0, float("-inf"))
            self.register_buffer("bias", bias, persistent=False)

    def rotate(self, x: Tensor) -> Tensor:
        a, b = x.chunk(2, dim=-1)
        cos, sin = self.cos[: x.shape[2]], self.sin[: x.shape[2]]
        return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        rows, length, _ = x.shape
        q, k, v = self.qkv(x).view(rows, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        if QK_NORM:
            q, k = functional.rms_norm(q, q.shape[-1:]), functional.rms_norm(k, k.shape[-1:])
        if POSITION == "rope":
            q, k = self.rotate(q), self.rotate(k)
        if POSITION == "alibi":
            y = functional.scaled_dot_product_attention(q, k, v, attn_mask=self.bias[:, :length, :length])
        else:
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(y.transpose(1, 2).reshape(rows, length, WIDTH))


class MLP(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        gated = ACTIVATION == "swiglu"
        hidden = round(WIDTH * MLP_RATIO * 2 / 3) if gated else WIDTH * MLP_RATIO  # Shazeer 2020: equal size
        self.up = nn.Linear(WIDTH, 2 * hidden if gated else hidden, bias=False)
        self.down = nn.Linear(hidden, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.up(x)
        if ACTIVATION == "swiglu":
            gate, x = x.chunk(2, dim=-1)
            return self.down(functional.silu(gate) * x)
        if ACTIVATION == "relu2":
            return self.down(functional.relu(x).square())
        return self.down({"gelu": functional.gelu, "relu": functional.relu, "silu": functional.silu}[ACTIVATION](x))


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.attention, self.norm2, self.mlp = norm(), Attention(), norm(), MLP()

    def forward(self, x: Tensor) -> Tensor:
        if NORM_PLACE == "post":
            x = self.norm1(x + functional.dropout(self.attention(x), DROPOUT, self.training))
            return self.norm2(x + functional.dropout(self.mlp(x), DROPOUT, self.training))
        x = x + functional.dropout(self.attention(self.norm1(x)), DROPOUT, self.training)
        return x + functional.dropout(self.mlp(self.norm2(x)), DROPOUT, self.training)


class GPT(nn.Module):
    """tokens, int64 (rows, length <= CONTEXT) -> logits of the next byte, float32 (rows, length, 256)."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(256, WIDTH)
        self.tables = nn.ModuleList(nn.Embedding(2**TABLE_BITS, WIDTH) for _ in range(NGRAM_TABLES))
        if POSITION == "learned":
            self.place = nn.Parameter(torch.empty(CONTEXT, WIDTH))
        if POSITION == "sinusoidal":  # Vaswani et al. 2017, at the scale of the embedding
            angle = torch.outer(torch.arange(CONTEXT), 10_000.0 ** (-torch.arange(0, WIDTH, 2) / WIDTH))
            self.register_buffer("place", INIT_STD * torch.stack((angle.sin(), angle.cos()), -1).flatten(1), persistent=False)
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.norm = norm() if NORM_PLACE == "pre" else nn.Identity()
        if not TIE_EMBEDDINGS:
            self.head = nn.Linear(WIDTH, 256, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        length = tokens.shape[1]
        x = self.embed(tokens)
        code = tokens
        for back, table in enumerate(self.tables, start=1):  # the hash of the last back + 1 bytes picks a row
            code = code * 257 + functional.pad(tokens, (back, 0))[:, :length]
            x = x + table((code * 2_654_435_761 >> 15) % 2**TABLE_BITS)
        if POSITION in ("learned", "sinusoidal"):
            x = x + self.place[:length]
        x = functional.dropout(x, DROPOUT, self.training)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        logits = functional.linear(x, self.embed.weight) if TIE_EMBEDDINGS else self.head(x)
        return SOFTCAP * torch.tanh(logits / SOFTCAP) if SOFTCAP else logits


def build_model() -> nn.Module:
    """The architecture that the constants describe, not yet initialised."""
    return GPT()


@torch.no_grad()
def initialise(model: nn.Module, seed: int) -> None:
    """Fill every parameter from a generator named after it; projections into the residual stream as in GPT-2."""
    for name, p in model.named_parameters():
        generator = torch.Generator().manual_seed(seed * 1_000_003 + zlib.crc32(name.encode()))
        projection = name.endswith(("proj.weight", "down.weight"))
        embedding = name.startswith(("embed", "tables", "place"))
        if p.ndim < 2:  # the gains of the norms start at one, their shifts at zero
            p.fill_(0.0 if name.endswith("bias") else 1.0)
        elif projection and ZERO_INIT_PROJECTIONS:
            p.zero_()
        elif INIT == "xavier" and not embedding:
            nn.init.xavier_normal_(p, generator=generator)
        elif INIT == "kaiming" and not embedding:
            nn.init.kaiming_normal_(p, nonlinearity="relu", generator=generator)
        elif INIT == "orthogonal" and not embedding:
            nn.init.orthogonal_(p, generator=generator)
        else:
            p.normal_(0.0, INIT_STD / math.sqrt(2 * DEPTH) if projection else INIT_STD, generator=generator)


class Lion(torch.optim.Optimizer):
    """Chen et al. 2023: the sign of an interpolated momentum."""

    def __init__(self, params: list[Tensor], lr: float) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.sub_(group["lr"] * torch.sign(0.9 * m + 0.1 * p.grad))
                m.lerp_(p.grad, 1 - BETA2)


class Muon(torch.optim.Optimizer):
    """Jordan et al. 2024: momentum, made orthogonal by Newton-Schulz iterations; for hidden matrices."""

    def __init__(self, params: list[Tensor], lr: float) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p)).lerp_(p.grad, 1 - MATRIX_MOMENTUM)
                x = p.grad.lerp(m, MATRIX_MOMENTUM)  # Nesterov
                x = x.T if p.shape[0] > p.shape[1] else x
                x = x / (x.norm() + 1e-7)
                for _ in range(MATRIX_ITERATIONS):
                    a = x @ x.T
                    x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
                x = x.T if p.shape[0] > p.shape[1] else x
                p.sub_(group["lr"] * max(1.0, p.shape[0] / p.shape[1]) ** 0.5 * x)


def optimisers(model: nn.Module) -> list[torch.optim.Optimizer]:
    """One optimiser over all parameters; for muon a second one, AdamW at a fraction of the rate, for what is no hidden matrix."""
    every = list(model.parameters())
    if OPTIMIZER == "muon":
        hidden = [p for name, p in model.named_parameters() if name.startswith("blocks") and p.ndim == 2]
        chosen = {id(p) for p in hidden}
        rest = [p for p in every if id(p) not in chosen]
        rate = MATRIX_REST * LEARNING_RATE
        return [Muon(hidden, lr=LEARNING_RATE), torch.optim.AdamW(rest, lr=rate, betas=(BETA1, BETA2), weight_decay=0.0, fused=True)]
    if OPTIMIZER == "adamw":
        return [torch.optim.AdamW(every, lr=LEARNING_RATE, betas=(BETA1, BETA2), weight_decay=0.0, fused=True)]
    if OPTIMIZER == "sgd":
        return [torch.optim.SGD(every, lr=LEARNING_RATE, momentum=BETA1, nesterov=True, foreach=True)]
    if OPTIMIZER == "rmsprop":
        return [torch.optim.RMSprop(every, lr=LEARNING_RATE, alpha=BETA2, foreach=True)]
    if OPTIMIZER == "adagrad":
        return [torch.optim.Adagrad(every, lr=LEARNING_RATE, foreach=True)]
    return {"lion": lambda: [Lion(every, lr=LEARNING_RATE)]}[OPTIMIZER]()


def learning_rate_factor(step: int, total: int) -> float:
    """Fraction of the peak at this step, 0 <= step < total."""
    warm = WARMUP * total
    if step < warm:
        return min(1.0, (step + 1) / warm)
    after = step - warm
    done = after / max(1.0, total - warm)
    if SCHEDULE == "inverse_sqrt":  # time scale: the warm-up, or a twentieth of the run if that is longer
        return max(FINAL_LR, (1.0 + after / max(warm, 0.05 * total)) ** -0.5)
    fall = {
        "constant": 0.0,
        "linear": done,
        "cosine": 0.5 - 0.5 * math.cos(math.pi * done),
        "trapezoid": max(0.0, (step / total - (1.0 - COOLDOWN)) / COOLDOWN),
    }[SCHEDULE]
    return 1.0 - (1.0 - FINAL_LR) * fall


class Training:
    """One training run. data: the training split, uint8, one-dimensional, on the device to train on."""

    def __init__(self, data: Tensor, total_steps: int, seed: int) -> None:
        torch.manual_seed(seed)  # dropout
        self.data = data[: max(CONTEXT + 1, int(DATA_FRACTION * len(data)))]
        self.total_steps, self.steps_done = total_steps, 0
        self.tokens_per_step = BATCH_SIZE * CONTEXT
        self.model = build_model()
        initialise(self.model, seed)
        self.model.to(data.device).train()
        self.order = torch.Generator().manual_seed(seed * 1_000_003 + 1)
        self.decayed = [p for p in self.model.parameters() if p.ndim >= 2]
        self.optimisers = optimisers(self.model)
        self.peaks = [[group["lr"] for group in optimiser.param_groups] for optimiser in self.optimisers]

    def batch(self) -> tuple[Tensor, Tensor]:
        start = torch.rand(BATCH_SIZE, generator=self.order, dtype=torch.float64) * (len(self.data) - CONTEXT)
        at = start.long()[:, None] + torch.arange(CONTEXT + 1)
        window = self.data[at.to(self.data.device)].long()
        return window[:, :-1], window[:, 1:]

    def step(self) -> float:
        """One optimisation step; the training loss before it, nats per byte."""
        inputs, targets = self.batch()
        logits = self.model(inputs).flatten(0, 1)
        loss = functional.cross_entropy(logits, targets.flatten(), label_smoothing=LABEL_SMOOTHING)
        loss.backward()
        if GRAD_CLIP:
            nn.utils.clip_grad_norm_(self.model.parameters(), GRAD_CLIP, foreach=True)
        factor = learning_rate_factor(self.steps_done, self.total_steps)
        with torch.no_grad():
            torch._foreach_mul_(self.decayed, 1.0 - WEIGHT_DECAY * LEARNING_RATE * factor)
        for optimiser, peaks in zip(self.optimisers, self.peaks, strict=True):
            for group, peak in zip(optimiser.param_groups, peaks, strict=True):
                group["lr"] = peak * factor
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self.steps_done += 1
        return float(functional.cross_entropy(logits.detach(), targets.flatten())) if LABEL_SMOOTHING else loss.item()
