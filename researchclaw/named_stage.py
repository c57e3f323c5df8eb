"""A stage as a person names it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from stages.errors import SettingsError
from stages.stage import Stage


def stage_number(pipeline: Sequence[Stage], text: str) -> int:
    """A stage's number, given as number or name.

    Raises:
        SettingsError: there is no such stage; the message names the nearest.
    """
    names = {stage.name: stage.number for stage in pipeline}
    if text.isdecimal():
        if 1 <= int(text) <= len(pipeline):
            return int(text)
        raise SettingsError(f"there is no stage {text}; stages are numbered 1 to {len(pipeline)}, see `researchclaw stages`.")
    if text in names:
        return names[text]
    close = difflib.get_close_matches(text, list(names), n=1, cutoff=0.4)
    hint = f"did you mean '{close[0]}' ({names[close[0]]})?" if close else "see `researchclaw stages`."
    raise SettingsError(f"there is no stage '{text}'; {hint}")
