"""What one optimisation step of a condition costs, compared with the baseline's by turns.

Identical runs differ by +-16 % in CPU time on a shared machine, so a budget in seconds is turned into steps once: every
condition trains in a guest of its own, the guests take turns in short blocks, and the median over the rounds of
(condition's CPU time / baseline's CPU time) is the cost ratio. Clocks are the host's, over all threads of a guest.
Spread of the ratio over five repeats at a load of 4 to 8 on two cores: 0.6 to 3.3 % (measured 2026-11).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median

from pydantic import Field, PositiveFloat, PositiveInt

from researchclaw.adapters.experiment_runner import Bench, Interrupted, last_line, training_argv, training_inputs
from researchclaw.adapters.isolation.collector import ArtefactRefusedError, collect_weights
from researchclaw.adapters.isolation.job import Job
from researchclaw.adapters.isolation.supervisor import Guest
from stages.contracts import Contract, Sha256
from stages.ports import ProbeRequest

WARM_UP_STEPS = 8
ROUNDS = 8
BLOCK_STEPS = 4  # about 0.15 s of the baseline of tiny_lm
PROBE_STEPS = WARM_UP_STEPS + ROUNDS * BLOCK_STEPS
"""Every probe is a whole run of this many steps, so that schedules show in its weights."""
_PROBE_SEED = 0
_AT_ONCE = 6  # guests alive together: memory
_CPU_S = 120.0  # 40 steps of the baseline of tiny_lm take 1.2 s
_WALL_S = 10 * _CPU_S
_QUANTUM = 1.02
_LEAST_RATIO = 1e-4  # a call of an empty function is dearer
_SAME_COST = 1.04
_SAME_COST_OF_TWO = 1.05


class StepCost(Contract):
    """One condition's step, as timed on this machine."""

    failure: str | None = Field(default=None, description="Why there are no numbers.")
    step_s: PositiveFloat | None = None
    cost_ratio: PositiveFloat | None = None
    parameters: PositiveInt | None = None
    weights_sha256: Sha256 | None = None


@dataclass
class _Timed:
    request: ProbeRequest
    guest: Guest
    blocks: list[float]
    failure: str | None = None


def quantised(ratio: float) -> float:
    """The nearest power of 1.02, and 1 where the costs cannot be told apart: equal costs get equal numbers of steps.

    The ratio of two equal programs, measured again and again, had a coefficient of variation of 1.1-1.9 % on a loaded
    two-core machine (2026-11); it is taken for 1 within twice that.
    """
    if abs(math.log(ratio)) <= math.log(_SAME_COST):
        return 1.0
    return round(_QUANTUM ** round(math.log(ratio) / math.log(_QUANTUM)), 6)


def time_steps(bench: Bench, requests: Sequence[ProbeRequest], scratch: Path, stop: threading.Event) -> list[StepCost]:
    """Costs in the order of the requests; the first is the baseline, whose ratio is 1.

    Raises:
        Interrupted: `stop` was set.
    """
    baseline, others = requests[0], list(requests[1:])
    groups = [others[at : at + _AT_ONCE - 1] for at in range(0, len(others), _AT_ONCE - 1)] or [[]]
    costs: list[StepCost] = []
    for number, group in enumerate(groups):
        timed = _time_group(bench, [baseline, *group], scratch / str(number), stop)
        costs += timed if number == 0 else timed[1:]
    return with_shared_ratios(costs)


def with_shared_ratios(costs: Sequence[StepCost]) -> list[StepCost]:
    """Conditions whose ratios lie within the noise of two timings (5 %) get the ratio of the one that came first."""
    shared: list[float] = []
    told: list[StepCost] = []
    for cost in costs:
        if cost.cost_ratio is None:
            told.append(cost)
            continue
        ratio = cost.cost_ratio
        nearest = min(shared, key=lambda other: abs(math.log(other / ratio)), default=ratio)
        if abs(math.log(nearest / ratio)) > math.log(_SAME_COST_OF_TWO):
            nearest = ratio
        if nearest not in shared:
            shared.append(nearest)
        told.append(cost.model_copy(update={"cost_ratio": nearest}))
    return told


def _time_group(bench: Bench, requests: Sequence[ProbeRequest], scratch: Path, stop: threading.Event) -> list[StepCost]:
    scratch.mkdir(parents=True)
    with ExitStack() as guests:
        all_timed = [_Timed(request, guests.enter_context(_start(bench, request)), []) for request in requests]
        for timed in all_timed:
            if timed.guest.wait_for("ready", stop) is None:
                timed.failure = _why(timed.guest, stop)
        for block in (WARM_UP_STEPS, *[BLOCK_STEPS] * ROUNDS):
            for timed in all_timed:
                if timed.failure is None:
                    _run_block(timed, block, stop)
            for timed in all_timed:
                timed.guest.look()
        return [_cost(timed, all_timed[0], scratch / f"{index}.safetensors", bench, stop) for index, timed in enumerate(all_timed)]


def _start(bench: Bench, request: ProbeRequest) -> Guest:
    job = Job(
        argv=lambda inside: training_argv(inside, seed=_PROBE_SEED, steps=PROBE_STEPS, control=True),
        inputs=training_inputs(bench.harness, bench.data, request.train_py),
        limits=replace(bench.limits, wall_s=_WALL_S, cpu_s=_CPU_S),
        stdin="pipe",
        status=True,
        one_process=True,
        held_out=bench.held_out,
    )
    return bench.isolation.start(job)


def _run_block(timed: _Timed, steps: int, stop: threading.Event) -> None:
    before = timed.guest.cpu_s()
    timed.guest.say(f"steps {steps}\n")
    sign = timed.guest.wait_for("ran", stop)
    if sign is None:
        timed.failure = _why(timed.guest, stop)
    else:
        timed.blocks.append((sign.cpu_s - before) / steps)


def _cost(timed: _Timed, baseline: _Timed, target: Path, bench: Bench, stop: threading.Event) -> StepCost:
    if timed.failure is None:
        timed.guest.say("save\n")
        if timed.guest.wait_for("done", stop) is None:
            timed.failure = _why(timed.guest, stop)
    if timed.failure is not None:
        return StepCost(failure=timed.failure)
    timed.guest.stop()
    try:
        weights = collect_weights(timed.guest.scratch, "weights.safetensors", target, bench.limits.scratch_mb * 2**20)
    except ArtefactRefusedError as exc:
        return StepCost(failure=str(exc))
    if baseline.failure is not None:
        return StepCost(failure=f"the baseline could not be timed: {baseline.failure}")
    # Block 0 is the warm-up: caches, and the optimiser's state is made in it.
    # A condition's block lies between two of the baseline's; their mean takes out a drift of the machine.
    before = baseline.blocks[1:]
    references = [*(fmean(pair) for pair in pairwise(before)), before[-1]]
    rounds = list(zip(timed.blocks[1:], references, strict=True))
    if min(own for own, _ in rounds) <= 0 or median(own / reference for own, reference in rounds) < _LEAST_RATIO:
        return StepCost(failure="the probe said that its steps were done before it took any time")
    return StepCost(
        step_s=median(own for own, _ in rounds),
        cost_ratio=1.0 if timed is baseline else quantised(median(own / reference for own, reference in rounds)),
        parameters=weights.parameters,
        weights_sha256=weights.sha256,
    )


def _why(guest: Guest, stop: threading.Event) -> str:
    """The reason of a probe that ended early, in one line."""
    if stop.is_set():
        raise Interrupted
    outcome, _ = guest.run()
    if outcome.excess is not None:
        return f"stopped: too much {outcome.excess}"
    if outcome.exit_code == 3:
        return last_line(outcome.stdout) or "the loss is not finite"
    return last_line(outcome.stderr) or f"exit code {outcome.exit_code} without a word"
