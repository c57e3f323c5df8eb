"""A run that another version of this program made: known before a stage of it is done again unasked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from researchclaw.journal import sha256_of
from researchclaw.run_store import RunStore
from stages.contracts import ExperimentPlan, RefinedRecords, RunRecords, Slug
from stages.errors import SettingsError
from stages.stage import Stage


def check_version(store: RunStore, pipeline: Sequence[Stage], from_stage: int | None) -> None:
    """Nothing before `from_stage` would be done again merely because this program reads it otherwise than the one that wrote it.

    What a person edited differs from what the later stages were made from, and shall: that is no other version.
    Raises:
        SettingsError: a stage would be; the message names it.
    """
    brief = store.info().brief
    if brief is None:
        return
    as_read, as_written = {"Brief": sha256_of(brief)}, dict[str, str]()
    for stage in pipeline[: len(pipeline) if from_stage is None else from_stage - 1]:
        found = store.output(stage)
        if found is None:
            return
        strange = found.inputs.keys() != {contract.__name__ for contract in stage.needs} or any(
            as_read.get(name) != digest and as_written.get(name, digest) == digest for name, digest in found.inputs.items()
        )
        try:
            as_read[found.contract] = sha256_of(stage.output.model_validate(found.output))
        except ValidationError:
            strange = True
        if strange:
            redo = f"researchclaw resume {store.reference} --from-stage {stage.number}"
            raise SettingsError(
                f"stage {stage.number} ({stage.name}) of {store.run_id} was made by another version of researchclaw; this one would "
                f"do it and all after it again: `{redo}`. A new run leaves it alone."
            )
        as_written[found.contract] = found.output_sha256


def check_kit(store: RunStore, pipeline: Sequence[Stage], from_stage: int | None, kits: Mapping[Slug, str]) -> None:
    """No training run is still to be made by a plan whose shipped kit has changed since: said before a mind is asked.

    kits: name of each shipped kit -> its hash now. A kit that was written for the study lies in its run folder.
    Raises:
        SettingsError: one is.
    """
    planning = next((stage for stage in pipeline if stage.output is ExperimentPlan), None)
    if planning is None or (from_stage is not None and from_stage <= planning.number):
        return
    found = store.output(planning)
    if found is None:
        return
    plan = ExperimentPlan.model_validate(found.output)
    training = [stage for stage in pipeline if stage.output in (RunRecords, RefinedRecords)]
    left = [stage for stage in training if store.output(stage) is None or (from_stage is not None and from_stage <= stage.number)]
    if left and kits.get(plan.kit, plan.kit_sha256) != plan.kit_sha256:
        raise SettingsError(
            f"the kit {plan.kit} is another one than {store.run_id} was planned with, and stage {left[0].number} ({left[0].name}) "
            f"has not trained yet: `researchclaw resume {store.reference} --from-stage {planning.number}` plans again."
        )
