"""A stage as a value: derived from one module with `Inputs`, `run` and, at a gate, `question`."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType, ModuleType

from stages.contracts import Brief, Contract, GateQuestion
from stages.ports import Context

PHASES = {
    "a": "A scoping",
    "b": "B literature",
    "c": "C synthesis",
    "d": "D design",
    "e": "E execution",
    "f": "F analysis",
    "g": "G writing",
    "h": "H finalization",
}


@dataclass(frozen=True)
class Stage:
    """One of the 23. `inputs` and `output` are found from the signature of `run`."""

    number: int
    name: str
    phase: str
    summary: str
    inputs: type[Contract]
    output: type[Contract]
    run: Callable[[Contract, Context], Contract]
    question: Callable[[Contract], GateQuestion] | None
    reads_guidance: bool = False
    """A person's words change what the stage does."""

    @property
    def gate(self) -> bool:
        return self.question is not None

    @property
    def task_name(self) -> str:
        """As Prefect shows it, e.g. '04 literature_collect'."""
        return f"{self.number:02d} {self.name}"

    @property
    def folder(self) -> str:
        """Below stages/ in the run folder, e.g. '04_literature_collect'."""
        return f"{self.number:02d}_{self.name}"

    @property
    def needs(self) -> tuple[type[Contract], ...]:
        """The contracts that `inputs` asks for by type."""
        return tuple(field.annotation for field in self.inputs.model_fields.values() if isinstance(field.annotation, type))

    def gather(self, record: Mapping[type[Contract], Contract]) -> Contract:
        """The inputs, taken by type from what was produced upstream.

        Raises:
            KeyError: an input was not produced upstream; a test proves that this cannot happen in the pipeline.
        """
        return self.inputs(
            **{
                name: record[field.annotation]
                for name, field in self.inputs.model_fields.items()
                if isinstance(field.annotation, type)
            }
        )


def step(module: ModuleType, *, gate: bool = False) -> Callable[[int], Stage]:
    """The stage that a module holds, waiting for its number; its name is the module's."""

    def numbered(number: int) -> Stage:
        _, folder, name = module.__name__.split(".")
        return Stage(
            number=number,
            name=name,
            phase=PHASES[folder[0]],
            summary=re.sub(r"^Stage \d+: ", "", (module.__doc__ or "").strip().splitlines()[0]),
            inputs=module.Inputs,
            output=typing.get_type_hints(module.run)["return"],
            run=module.run,
            question=module.question if gate else None,
            reads_guidance=_reads_guidance(module),
        )

    return numbered


def _reads_guidance(module: ModuleType) -> bool:
    """Does a function of the module ask its context for `guidance`?"""
    functions = [value for value in vars(module).values() if isinstance(value, FunctionType) and value.__module__ == module.__name__]
    return any("guidance" in function.__code__.co_names for function in functions)


def pipeline(*steps: Callable[[int], Stage]) -> tuple[Stage, ...]:
    """The stages with their numbers: the place in the list, from 1."""
    return tuple(numbered(place) for place, numbered in enumerate(steps, start=1))


GIVEN: tuple[type[Contract], ...] = (Brief,)
"""What stands in the record before stage 1."""
