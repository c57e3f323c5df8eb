"""After which stages a run waits for a person: the mode of the settings as one policy for each stage.

A mode is a list of stages. At the listed ones the run waits; at every other stage it goes on, and at a gate the record then
says that nobody looked. The last stage never waits: nothing follows it.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, cast, get_args

from researchclaw.named_stage import stage_number
from researchclaw.settings import GateSettings, Mode
from stages.errors import SettingsError
from stages.stage import Stage

Policy = Literal["auto", "ask", "suspend"]
"""auto: go on. ask: wait. suspend: put the question down and end the process (exit code 3) until somebody has answered."""

CO_PILOT = ("hypothesis_gen", "experiment_design", "paper_outline", "paper_draft")
"""Where a second mind changes a paper most: what is claimed, what is tried, what is told, how it is told."""


def mode_of(gates: GateSettings) -> Mode:
    """The mode that holds.

    Raises:
        SettingsError: --auto-approve and a mode in which a person decides, or policies without the mode 'custom'.
    """
    if gates.auto_approve and gates.mode not in (None, "full-auto"):
        raise SettingsError(
            f"--auto-approve (gates.auto_approve) and the mode '{gates.mode}' contradict each other; "
            "leave one out, or take --mode full-auto."
        )
    mode: Mode = "full-auto" if gates.auto_approve else gates.mode or "gate-only"
    if gates.policies and mode != "custom":
        raise SettingsError(f"gates.policies counts in the mode 'custom' only, and the mode is '{mode}'; add --mode custom.")
    if mode == "custom" and not gates.policies:
        raise SettingsError("the mode 'custom' needs gates.policies, e.g. --set 'gates.policies=[experiment_run=ask, 5=auto]'.")
    return mode


def policies(gates: GateSettings, pipeline: Sequence[Stage]) -> dict[int, Policy]:
    """What happens after each stage, by its number.

    Raises:
        SettingsError: as `mode_of`, or a policy names no stage.
    """
    mode = mode_of(gates)
    last = len(pipeline)
    stops: Collection[int]
    match mode:
        case "full-auto":
            stops = ()
        case "gate-only" | "custom":
            stops = [stage.number for stage in pipeline if stage.gate]
        case "checkpoint":
            stops = [one.number for one, then in itertools.pairwise(pipeline) if one.phase != then.phase]
        case "step-by-step":
            stops = range(1, last)
        case "co-pilot":
            stops = [stage.number for stage in pipeline if stage.name in CO_PILOT]
    found: dict[int, Policy] = {stage.number: "ask" if stage.number in stops else "auto" for stage in pipeline}
    for entry in gates.policies:
        number, policy = _entry(entry, pipeline)
        if number == last and policy != "auto":
            raise SettingsError(f"gates.policies: '{entry}': nothing follows stage {last}; there is nothing to wait for.")
        found[number] = policy
    return found


def _entry(text: str, pipeline: Sequence[Stage]) -> tuple[int, Policy]:
    name, equals, policy = (part.strip() for part in text.partition("="))
    if not equals or policy not in get_args(Policy):
        raise SettingsError(f"gates.policies: '{text}' is not STAGE=POLICY with a policy of {', '.join(get_args(Policy))}.")
    try:
        return stage_number(pipeline, name), cast("Policy", policy)
    except SettingsError as exc:
        raise SettingsError(f"gates.policies: '{text}': {exc}") from exc


# ---------------------------------------------------------------- who reads a person's words


def readers(pipeline: Sequence[Stage], heeded: Collection[str] | None = None) -> tuple[int, ...]:
    """Stages that read a person's words.

    heeded: names of the stages at which the mind that is asked heeds them; None: at all.
    """
    return tuple(stage.number for stage in pipeline if stage.reads_guidance and (heeded is None or stage.name in heeded))


def check_guided(number: int, pipeline: Sequence[Stage], reading: Collection[int]) -> None:
    """Raises: SettingsError: the stage reads no guidance; the message names those that do."""
    if number not in reading:
        stage = pipeline[number - 1]
        which = ", ".join(f"{other} {pipeline[other - 1].name}" for other in reading)
        raise SettingsError(f"stage {number} ({stage.name}) reads no guidance; these do: {which}.")


def ways_back(pipeline: Sequence[Stage], reading: Collection[int], gates: Mapping[int, int]) -> dict[int, int]:
    """Where a rejection leads, for each stage that can be rejected: to the nearest stage at or before it that reads the reason.

    gates: the ways back of the gates, which go to the stage that made the material.
    """
    nearest = {
        stage.number: max((n for n in reading if n <= stage.number), default=0) for stage in pipeline if stage.number not in gates
    }
    return {**{number: to for number, to in nearest.items() if to}, **gates}
