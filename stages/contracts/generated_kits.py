"""Kits that a mind writes, and the repairs of generated code."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt

from stages.contracts.base import Contract, Sha256, Slug
from stages.contracts.kits import Factor

MeasureName = Literal[
    "rmse",
    "mae",
    "r2",
    "coefficient_error",
    "accuracy",
    "balanced_accuracy",
    "log_loss",
    "auc",
    "bits_per_byte",
]
"""What our own evaluator can compute (stages/e_execution/measures.py); a generated kit names one and computes none."""


class Blueprint(Contract):
    """A study for which no kit is shipped: all of it but the code. What it measures is chosen from our list."""

    name: Slug = Field(description="Name of the kit that will be written, e.g. 'shrinkage'.")
    title: str
    domain: str = Field(description="e.g. 'linear regression'.")
    summary: str = Field(description="What the kit does, in one or two full sentences.")
    task: Literal["regression", "classification"]
    measure: MeasureName
    data_source: Literal["synthetic", "scikit-learn"] = Field(description="Declared generators, or a data set that is installed.")
    data_name: str = Field(description="As the paper names the data, e.g. 'correlated Gaussian features'.")
    data: str = Field(description="How the rows come about, precise enough to be programmed: sizes, distributions, noise.")
    split: Literal["random", "ordered"] = Field(description="ordered: the first rows are for training, as in time series.")
    baseline: str = Field(description="What train.py does in the baseline, precise enough to be programmed.")
    factors: tuple[Factor, ...] = Field(min_length=1, max_length=2, description="`settings` stay empty: levels become patches.")


class GeneratedKit(Contract):
    """A kit that a mind wrote, frozen by hash before its first run. Only `prepare_py` and train.py are code."""

    name: Slug
    task: Literal["regression", "classification"]
    measure: MeasureName
    split: Literal["random", "ordered"]
    data_name: str
    prepare_py: str = Field(description="Defines make(seed) -> arrays; splits and metric are not its business.")
    prepare_sha256: Sha256
    salt: str = Field(default="", description="Drawn by the laboratory; in no prompt and no sandbox, so data cannot be made again.")
    train_py: str = Field(default="", description="The baseline; empty until it is written. Patches are shown against it.")


class Edit(Contract):
    """Replace one passage. Exact text needs no line numbers to be counted, and whether it fits can be checked."""

    find: str = Field(min_length=1, description="Verbatim from the file; stands there exactly once.")
    replace: str


class Repair(Contract):
    """One failure of generated code and what was done about it; the code was run again after each try."""

    what: str = Field(description="A file or a condition, e.g. 'prepare.py' or 'lasso'.")
    attempt: PositiveInt
    failure: str
    diagnosis: str
    edits: tuple[Edit, ...]
    mended: bool
