"""Part of stage 10: write a kit for a topic that no shipped kit answers, and prove it before anything counts.

In order: prepare.py is written, checked, run and reviewed in another context, then frozen by hash; train.py is written and
run; each condition becomes a patch of train.py and is run; two conditions that behave the same are refused by name. What
fails goes to repair: a diagnosis from the log, a small edit, another run. Splits and measure are never generated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import Field

from stages.asking import accepted
from stages.contracts import (
    Blueprint,
    CodeBundle,
    CodeCheck,
    ConditionCode,
    Contract,
    Contrast,
    CorpusFacts,
    Edit,
    ExperimentPlan,
    GeneratedKit,
    Repair,
)
from stages.d_design.generated_code import CodeFault, check_source, edited, kit_sha256, parts_of, text_sha256
from stages.d_design.patching import normalised_hash, unified_patch
from stages.e_execution.measures import MEASURES
from stages.errors import KitRefused, MalformedAnswer
from stages.ports import Context, Preparation, Probe, ProbeRequest, Question

TRIES = 3
"""Repairs of one failure; after them it is not a slip but a plan that does not work."""
FIRST_SEED = 0
"""Seed of the probes; no reported, development or confirmation seed."""


# ---------------------------------------------------------------- questions


class PrepareQuestion(Question):
    """Which program makes the rows that the blueprint describes?"""

    template: ClassVar[str] = "d_design/kit_prepare.md.j2"

    blueprint: Blueprint
    truth: bool = Field(description="Whether the true coefficients must be given along.")


class PrepareCode(Contract):
    prepare_py: str


class PrepareReviewQuestion(Question):
    """Do the rows of prepare.py give the answer away, or are they not those of the blueprint?"""

    template: ClassVar[str] = "d_design/kit_review.md.j2"

    blueprint: Blueprint
    prepare_py: str
    rows: int
    features: int

    def faults(self, answer: PrepareReview) -> Iterator[str]:
        for objection in answer.objections:
            if objection.quote.strip() not in self.prepare_py:
                yield f"the review of prepare.py quotes what is not in it: {objection.quote[:80]!r}"


class Objection(Contract):
    kind: Literal["leakage", "hard-coded result", "wrong measure", "not the blueprint"]
    quote: str = Field(description="Verbatim from prepare.py.")
    text: str = Field(description="What is wrong: one full sentence.")


class PrepareReview(Contract):
    """No objection: the file may be frozen."""

    looked_at: tuple[str, ...] = Field(min_length=1, description="What was checked, one full sentence each.")
    objections: tuple[Objection, ...] = ()


class TrainQuestion(Question):
    """Which train.py is the baseline of the blueprint?"""

    template: ClassVar[str] = "d_design/kit_train.md.j2"

    blueprint: Blueprint
    needs: Literal["values", "labels", "probabilities", "coefficients"]
    rows: int
    features: int
    classes: int


class TrainCode(Contract):
    train_py: str


class PatchQuestion(Question):
    """Which edits of train.py make this condition, and nothing else?"""

    template: ClassVar[str] = "d_design/kit_patch.md.j2"

    condition: Contrast
    ablated: Contrast | None
    train_py: str
    refused: str = Field(default="", description="Why the edits before these could not be used.")


class Patch(Contract):
    edits: tuple[Edit, ...]


class RepairQuestion(Question):
    """Why does this code fail, and which small edit mends it?"""

    template: ClassVar[str] = "d_design/kit_repair.md.j2"

    what: str
    purpose: str
    source: str = Field(description="The file, or those parts of it that the log names.")
    failure: str
    log_tail: str
    attempt: int


class RepairAnswer(Contract):
    diagnosis: str = Field(description="The cause in one or two full sentences.")
    edits: tuple[Edit, ...]


# ---------------------------------------------------------------- repairs


@dataclass(frozen=True)
class Failure:
    reason: str
    log: str = ""


@dataclass
class RepairShop:
    """Mends generated code; every try is on record, and code that was changed is run again before it counts."""

    ctx: Context
    most: int
    """Repairs in the whole study."""
    done: list[Repair] = field(default_factory=list)

    def until_it_runs(self, what: str, purpose: str, source: str, run: Callable[[str], Failure | None]) -> str:
        """The source as it ran without a failure.

        Raises:
            KitRefused: it still fails after three repairs, or no repair is left.
        """
        failure = found = run(source)
        for attempt in range(1, TRIES + 1):
            if failure is None or found is None:
                return source
            if len(self.done) >= self.most:
                raise KitRefused(f"{what}: {failure.reason}. All {self.most} repairs of experiment.max_repairs are used up")
            question = RepairQuestion(
                what=what,
                purpose=purpose,
                source=parts_of(source, failure.log),
                failure=failure.reason,
                log_tail=failure.log,
                attempt=attempt,
            )
            answer = accepted(self.ctx, question, RepairAnswer)
            before = failure
            try:
                source = edited(source, answer.edits)
            except CodeFault as fault:
                failure = Failure(f"{found.reason}; and the repair was not usable: {fault}", found.log)
            else:
                failure = found = run(source)
            self.done.append(
                Repair(
                    what=what,
                    attempt=attempt,
                    failure=before.reason,
                    diagnosis=answer.diagnosis,
                    edits=answer.edits,
                    mended=failure is None,
                )
            )
        if failure is not None:
            raise KitRefused(f"{what} still fails after {TRIES} repairs: {failure.reason}")
        return source


# ---------------------------------------------------------------- the kit


def write_kit(blueprint: Blueprint, plan: ExperimentPlan, max_repairs: int, ctx: Context) -> CodeBundle:
    """A frozen kit with every condition as proved code.

    Raises:
        KitRefused: data leak, a condition repeats another one, or code does not run after its repairs.
        MalformedAnswer: a review quotes what is not in the file.
    """
    shop = RepairShop(ctx, max_repairs)
    kit, preparation, looked_at = _prepared(blueprint, shop, ctx)
    assert preparation.facts is not None
    kit = kit.model_copy(update={"train_py": _baseline(blueprint, kit, preparation, preparation.facts, shop, ctx)})
    conditions = plan.conditions
    sources = _conditions(conditions, kit, shop, ctx)
    _refuse_equal_programs(conditions, sources)
    probes = _proved(conditions, sources, kit, shop, ctx)
    reference = probes[0]
    assert reference.step_s is not None
    return CodeBundle(
        baseline=conditions[0].id,
        codes=tuple(
            proved_code(condition, source, kit, probe) for condition, source, probe in zip(conditions, sources, probes, strict=True)
        ),
        reference_step_s=reference.step_s,
        clock="cpu",
        generated=kit,
        generated_sha256=kit_sha256(kit),
        review=looked_at,
        repairs=tuple(shop.done),
    )


def _prepared(blueprint: Blueprint, shop: RepairShop, ctx: Context) -> tuple[GeneratedKit, Preparation, tuple[str, ...]]:
    """prepare.py, run and reviewed; frozen from here on."""
    truth = MEASURES[blueprint.measure].needs == "coefficients"
    source = accepted(ctx, PrepareQuestion(blueprint=blueprint, truth=truth), PrepareCode).prepare_py
    found: dict[str, tuple[Preparation, tuple[str, ...]]] = {}
    salt = ""

    def kit_with(text: str) -> GeneratedKit:
        return GeneratedKit(
            name=blueprint.name,
            task=blueprint.task,
            measure=blueprint.measure,
            split=blueprint.split,
            data_name=blueprint.data_name,
            prepare_py=text,
            prepare_sha256=text_sha256(text),
            salt=salt,
        )

    def attempt(text: str) -> Failure | None:
        nonlocal salt
        try:
            check_source("prepare.py", text)
        except CodeFault as fault:
            return Failure(str(fault))
        preparation = ctx.laboratory.prepare(kit_with(text), FIRST_SEED)
        salt = preparation.salt
        if preparation.facts is None:
            return Failure(preparation.failure or "no data came of it", preparation.log_tail)
        review = _review(blueprint, text, preparation, preparation.facts, ctx)
        if review.objections:
            return Failure("the reviewer objects: " + " ".join(f"{one.kind}: {one.text}" for one in review.objections))
        found[text] = (preparation, review.looked_at)
        return None

    source = shop.until_it_runs("prepare.py", blueprint.data, source, attempt)
    preparation, looked_at = found[source]
    return kit_with(source), preparation, looked_at


def _review(blueprint: Blueprint, source: str, preparation: Preparation, facts: CorpusFacts, ctx: Context) -> PrepareReview:
    rows = facts.train_bytes + facts.val_bytes + facts.test_bytes
    question = PrepareReviewQuestion(blueprint=blueprint, prepare_py=source, rows=rows, features=preparation.features)
    return accepted(ctx, question, PrepareReview)


def _baseline(
    blueprint: Blueprint, kit: GeneratedKit, preparation: Preparation, facts: CorpusFacts, shop: RepairShop, ctx: Context
) -> str:
    question = TrainQuestion(
        blueprint=blueprint,
        needs=MEASURES[blueprint.measure].needs,
        rows=facts.train_bytes,
        features=preparation.features,
        classes=preparation.classes,
    )
    source = accepted(ctx, question, TrainCode).train_py
    return shop.until_it_runs("train.py", blueprint.baseline, source, lambda text: _failure_of("baseline", text, kit, ctx))


def _failure_of(condition: str, source: str, kit: GeneratedKit, ctx: Context) -> Failure | None:
    """What a short run of one program shows."""
    try:
        check_source("train.py", source)
    except CodeFault as fault:
        return Failure(str(fault))
    probe = ctx.laboratory.probe(kit.name, [ProbeRequest(condition=condition, train_py=source, generated=kit)]).probes[0]
    return Failure(probe.failure, probe.log_tail) if probe.failure else None


def _conditions(conditions: Sequence[Contrast], kit: GeneratedKit, shop: RepairShop, ctx: Context) -> list[str]:
    """Every condition as a program that passes the checks; ablations are patches of what they ablate."""
    by_id = {condition.id: condition for condition in conditions}
    sources = {conditions[0].id: kit.train_py}
    waiting = list(conditions[1:])
    while waiting:
        ready = [one for one in waiting if one.ablates is None or one.ablates in sources or one.ablates not in by_id]
        ready = ready or waiting
        with ThreadPoolExecutor(max_workers=len(ready)) as pool:
            made = list(pool.map(lambda one: _patched(one, by_id, sources, kit, ctx), ready))
        for condition, source in zip(ready, made, strict=True):
            sources[condition.id] = shop.until_it_runs(condition.id, condition.reason, source, _checked)
        waiting = [one for one in waiting if one not in ready]
    return [sources[condition.id] for condition in conditions]


def _patched(condition: Contrast, by_id: dict[str, Contrast], sources: dict[str, str], kit: GeneratedKit, ctx: Context) -> str:
    """The program of a condition; edits that do not fit are asked for once more with the reason."""
    base = sources.get(condition.ablates or "", kit.train_py)
    ablated = by_id.get(condition.ablates or "")
    refused = ""
    for _ in range(TRIES):
        question = PatchQuestion(condition=condition, ablated=ablated, train_py=base, refused=refused)
        try:
            return edited(base, accepted(ctx, question, Patch).edits)
        except CodeFault as fault:
            refused = str(fault)
    raise MalformedAnswer(f"condition {condition.id!r}: {refused}")


def _checked(source: str) -> Failure | None:
    try:
        check_source("train.py", source)
    except CodeFault as fault:
        return Failure(str(fault))
    return None


def _refuse_equal_programs(conditions: Sequence[Contrast], sources: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for condition, source in zip(conditions, sources, strict=True):
        twin = seen.setdefault(normalised_hash(source), condition.id)
        if twin != condition.id:
            raise KitRefused(f"conditions {twin!r} and {condition.id!r} are the same program")


def _proved(
    conditions: Sequence[Contrast], sources: list[str], kit: GeneratedKit, shop: RepairShop, ctx: Context
) -> tuple[Probe, ...]:
    """A short run of every condition beside the baseline; `sources` are replaced where they had to be mended.

    Raises:
        KitRefused: two conditions give the same predictions.
    """
    probes = _probe(conditions, sources, kit, ctx)
    failing = [place for place, probe in enumerate(probes) if probe.failure]
    for place in failing:
        condition, first = conditions[place], probes[place]
        known = {sources[place]: Failure(first.failure or "", first.log_tail)}
        sources[place] = shop.until_it_runs(
            condition.id,
            condition.reason,
            sources[place],
            lambda text, known=known, condition=condition: known.get(text) or _failure_of(condition.id, text, kit, ctx),  # type: ignore[misc]
        )
    if failing:
        _refuse_equal_programs(conditions, sources)
        probes = _probe(conditions, sources, kit, ctx)
    for condition, probe in zip(conditions, probes, strict=True):
        if probe.failure:
            raise KitRefused(f"the short run of {condition.id!r} failed again after its repair: {probe.failure}")
        if probe.same_as is not None:
            raise KitRefused(f"conditions {probe.same_as!r} and {condition.id!r} behave the same: their predictions are identical")
    return probes


def _probe(conditions: Sequence[Contrast], sources: Sequence[str], kit: GeneratedKit, ctx: Context) -> tuple[Probe, ...]:
    requests = [
        ProbeRequest(condition=condition.id, train_py=source, generated=kit)
        for condition, source in zip(conditions, sources, strict=True)
    ]
    return ctx.laboratory.probe(kit.name, requests).probes


def proved_code(condition: Contrast, source: str, kit: GeneratedKit, probe: Probe) -> ConditionCode:
    """A condition whose short run ended well. A fit has no steps of its own: it is one."""
    assert probe.cost_ratio is not None
    assert probe.parameters is not None
    assert probe.weights_sha256 is not None
    return ConditionCode(
        condition=condition.id,
        patch=unified_patch(kit.train_py, source) if source != kit.train_py else "",
        train_py=source,
        train_sha256=text_sha256(source),
        checks=(
            CodeCheck(name="parses", passed=True, detail="the code is valid Python with fit and predict"),
            CodeCheck(name="reads nothing else", passed=True, detail="imports and names are those that may compute"),
            CodeCheck(name="runs", passed=True, detail="fitted and predicted once in the sandbox"),
            CodeCheck(name="behaves differently from the other conditions", passed=True, detail="other predictions in the short run"),
        ),
        steps=1,
        cost_ratio=probe.cost_ratio,
        parameters=probe.parameters,
        probe_sha256=probe.weights_sha256,
    )
