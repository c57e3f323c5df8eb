"""What a run begins with: the user's wish, the machine, a person's words."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, PositiveInt

from stages.contracts.base import Contract, Slug, says_nothing


class Hardware(Contract):
    """The machine, as found at the start of the run."""

    cpu: str
    physical_cores: PositiveInt
    memory_gb: PositiveFloat
    accelerator: str | None
    operating_system: str
    python: str
    torch: str


class Brief(Contract):
    """What the user asked for, and the limits that the settings put on the research."""

    topic: str = Field(min_length=1)
    kit: Slug | None = Field(default=None, description="A kit chosen by the user; None: found from the topic.")
    budget_s: PositiveFloat = Field(description="Training budget of one run.")
    seeds: PositiveInt = Field(description="Reported seeds per condition.")
    max_conditions: PositiveInt
    refine_attempts: int = Field(ge=0, description="Candidates that the improvement loop may try.")
    confirm_seeds: int = Field(ge=0, description="Fresh seeds on which the loop's winner is confirmed.")
    max_repairs: int = Field(default=8, ge=0, description="Repairs of generated code in the whole study.")
    scored_bytes: PositiveInt | None = Field(description="Bytes of the validation split that are scored, spread evenly; None: all.")
    max_hours: PositiveFloat = Field(description="Wall time that the experiments may take; what does not fit is refused.")
    max_works: PositiveInt = Field(description="Works on the shortlist, at most.")
    allow_unchecked: bool = Field(
        default=False, exclude_if=says_nothing, description="A work whose record no source could confirm or deny may be cited."
    )
    author: str = Field(description="Author line of the paper.")
    researcher: str = Field(description="Who writes: 'rule-based researcher' or the model's name.")
    hardware: Hardware


class Guidance(Contract):
    """A person's words to a stage, given before it runs or with a rejection."""

    stage: PositiveInt
    message: str
    by: str
