"""Kits: what can be studied, and what is measured."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, FiniteFloat, PositiveFloat

from stages.contracts.base import Contract, Sha256, Slug, says_nothing


class Level(Contract):
    """One value that a factor can take."""

    name: Slug = Field(description="Unique within its factor, e.g. 'cosine'.")
    label: str = Field(description="As the paper writes it, e.g. 'cosine decay'.")
    words: tuple[str, ...] = Field(description="Ordinary words by which a topic names this level, lower case.")
    settings: dict[str, str] = Field(description="Constant of train.py -> Python literal, e.g. {'SCHEDULE': \"'cosine'\"}.")
    is_baseline: bool = False
    mechanism: str = Field(description="How the level acts: one full sentence, no numerals, no citation.")
    case_for: str = Field(description="Why it may help at this scale: one full sentence, no numerals.")
    case_against: str = Field(description="Why it may not: one full sentence, no numerals.")
    expected: Literal["better", "worse", "same"] = Field(description="Prediction against the baseline level, before any run.")
    expected_size: FiniteFloat = Field(ge=0, description="Predicted absolute difference in the metric; a guess, said to be one.")
    works: tuple[str, ...] = Field(default=(), description="Citation keys of catalogue works that introduced or studied it.")
    defined: str | None = Field(
        default=None,
        exclude_if=says_nothing,
        description="What it is, as a clause beside its name where a study that is about something else tries it; no numerals.",
    )
    defined_by: tuple[str, ...] = Field(
        default=(), exclude_if=says_nothing, description="Citation keys of works that describe what the clause says."
    )


class Ablation(Contract):
    """A component that can be taken out of a condition to see what it contributes."""

    removes: str = Field(description="What is taken out, e.g. 'warm-up'.")
    label: str = Field(description="e.g. 'without warm-up'.")
    settings: dict[str, str]
    reason: str = Field(description="Why this component matters for the factor: one full sentence, no numerals.")
    void_for: tuple[Slug, ...] = Field(
        default=(), description="Levels in which the reason has no hold, such as a schedule of decay where nothing decays."
    )


class LevelGroup(Contract):
    """Words that ask for several levels at once: 'initial scale' for a smaller and for a larger one."""

    words: tuple[str, ...] = Field(min_length=1, description="As those of a level.")
    levels: tuple[Slug, ...] = Field(min_length=2, description="Best known first.")


class Factor(Contract):
    """Something that the kit's train.py lets a study vary."""

    name: Slug
    label: str = Field(description="e.g. 'learning-rate schedule'.")
    words: tuple[str, ...] = Field(description="Ordinary words by which a topic names this factor, lower case.")
    question: str = Field(description="The factor's question in plain words, ending with '?'.")
    background: tuple[str, ...] = Field(description="Full sentences of common knowledge about the factor, no numerals; >= 4.")
    confounders: tuple[str, ...] = Field(description="What could be mistaken for the factor's effect; full sentences; >= 2.")
    practice: tuple[str, ...] = Field(description="What a practitioner would do with each outcome; full sentences; >= 2.")
    levels: tuple[Level, ...] = Field(min_length=2)
    groups: tuple[LevelGroup, ...] = Field(default=(), exclude_if=says_nothing)
    default_contrasts: tuple[Slug, ...] = Field(description="Levels to compare when the topic names none, best known first.")
    ablation: Ablation

    @property
    def named(self) -> str:
        """The factor in running text: 'the learning rate', but 'dropout' and 'batch size'."""
        countable = {"optimiser", "rate", "schedule", "function", "method", "rule", "shape"}
        return f"the {self.label}" if " of " in self.label or self.label.split()[-1] in countable else self.label


class Metric(Contract):
    """What is measured, as the kit's evaluator prints it."""

    name: Slug
    label: str = Field(description="e.g. 'validation bits per byte'.")
    unit: str = Field(description="e.g. 'bpb'.")
    lower_is_better: bool

    def gain(self, candidate: float, reference: float) -> float:
        """How much better candidate is than reference, in the metric's unit; negative when worse."""
        return reference - candidate if self.lower_is_better else candidate - reference


class Kit(Contract):
    """A small sealed study: what is fixed, what may vary, what it can answer."""

    name: Slug
    title: str
    domain: str = Field(description="e.g. 'language modelling'.")
    summary: str
    metric: Metric
    default_budget_s: PositiveFloat
    answers: tuple[str, ...] = Field(description="Topics in ordinary words, one line each, shown when a topic does not land.")
    scope_words: tuple[str, ...] = Field(description="Words that place a topic in this kit's domain, lower case.")
    factors: tuple[Factor, ...]
    constants: dict[str, str] = Field(description="Every annotated constant of train.py with its baseline literal.")
    tunable: dict[str, tuple[str, ...]] = Field(description="Constant -> literals that stage 13 may try, in order.")
    train_py: str = Field(description="Source of the one file that may change.")
    prepare_sha256: Sha256
    kit_sha256: Sha256 = Field(description="Over every file of the kit and of the harness.")
