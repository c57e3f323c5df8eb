"""One training run as a person asks for it: the kind of its kit decides what runs it, and which choices there are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from researchclaw import experiment_cli, gpu_kits, gpu_runs, wiring
from researchclaw.command_kits import command_kit_folder
from researchclaw.experiment_cli import Echo
from researchclaw.settings import Settings


@dataclass(frozen=True)
class Asked:
    """What was asked for; None: as the kit has it."""

    kit: str
    """A shipped kit's name, or the folder of a command kit."""
    train: Path | None
    recipe: str | None
    seed: int
    steps: int | None
    budget_s: float | None
    scored_bytes: int | None
    split: Literal["val", "test"]
    keep: Path | None
    as_json: bool


class UnfitChoice(Exception):
    """A choice that kits of this kind do not have. `option`: of the command line."""

    def __init__(self, reason: str, option: str) -> None:
        super().__init__(reason)
        self.option = option


def run(asked: Asked, settings: Settings, echo: Echo) -> int:
    """Train and score once; 0 only when the verdict is ok, else 1.

    Raises:
        UnfitChoice: before anything was run.
    """
    if asked.kit in gpu_kits.gpu_kit_names():
        return _on_gpu(asked, settings, echo)
    if asked.recipe is not None:
        raise UnfitChoice("only GPU kits have recipes", "--recipe")
    folder = command_kit_folder(asked.kit)
    return _of_study(asked, settings, echo) if folder is None else _of_command(asked, folder, settings, echo)


def _on_gpu(asked: Asked, settings: Settings, echo: Echo) -> int:
    if asked.steps is not None or asked.keep is not None or (asked.recipe is not None and asked.train is not None):
        raise UnfitChoice("--steps and --keep are for kits of a study; --recipe and --train exclude each other", "--kit")
    return gpu_runs.run_kit(
        asked.kit,
        settings,
        echo,
        train=asked.train,
        recipe=asked.recipe,
        seed=asked.seed,
        split=asked.split,
        budget_s=asked.budget_s,
        scored_bytes=asked.scored_bytes,
        json_output=asked.as_json,
    )


def _of_command(asked: Asked, folder: Path, settings: Settings, echo: Echo) -> int:
    if asked.steps is not None or asked.scored_bytes is not None or asked.keep is not None:
        raise UnfitChoice("--steps, --scored-bytes and --keep are for language-model kits", "--kit")
    return experiment_cli.run_command(
        folder,
        wiring.isolation_of(settings, wiring.state_folder(settings)),
        wiring.limits_of(settings),
        echo,
        state=wiring.state_around(settings, Path.cwd()),
        train=asked.train,
        seed=asked.seed,
        split=asked.split,
        budget_s=asked.budget_s,
        json_output=asked.as_json,
    )


def _of_study(asked: Asked, settings: Settings, echo: Echo) -> int:
    sandbox = settings.sandbox
    return experiment_cli.run_experiment(
        kit=asked.kit,
        state=wiring.state_around(settings, Path.cwd()),
        echo=echo,
        train=asked.train,
        seed=asked.seed,
        steps=asked.steps,
        budget_s=asked.budget_s,
        scored_bytes=asked.scored_bytes,
        split=asked.split,
        json_output=asked.as_json,
        output=asked.keep,
        corpus=settings.experiment.corpus,
        limits=wiring.limits_of(settings),
        allow_weaker=sandbox.allow_weaker,
        backend=sandbox.backend,
        image=sandbox.image,
        gpus=sandbox.gpu,
    )
