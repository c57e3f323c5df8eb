"""A run that another version of this program made: known before a stage of it is done again unasked."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from researchclaw.journal import sha256_of
from researchclaw.run_store import RunStore
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
