"""Whether a finished paper would come out otherwise if it were set once more as it is set now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from researchclaw.program_version import program
from stages.contracts import VerificationReport
from stages.h_finalization.checks import EDITION
from stages.h_finalization.citation_verify import REPORT
from stages.h_finalization.front_matter import usable
from stages.h_finalization.rendering import Edition, template_of

if TYPE_CHECKING:
    from researchclaw.settings import Settings


def why_set_again(deliverables: Path, settings: Settings) -> str | None:
    """What has changed since the export, as the end of 'set again, because …'; None: nothing that a new export would show.

    Not seen: fonts and TeX of this machine.
    Raises:
        SettingsError: a style file that would be used cannot be.
    """
    from researchclaw.adapters.style_files import official_style
    from researchclaw.wiring import paper_templates, style_folders

    try:
        made_by = VerificationReport.model_validate_json((deliverables / REPORT).read_bytes()).program
        edition = Edition.model_validate_json((deliverables / EDITION).read_bytes())
    except (OSError, ValidationError):
        return "the deliverables do not say how they were made"
    if made_by != program():
        return f"it was made by {made_by or 'a version that left no name'}, and this is {program()}"
    found = official_style(settings.export.venue, style_folders(settings))
    official = found if usable(found, settings.export.mode) else None
    if official != edition.official:
        return f"the official style of {settings.export.venue} that is found now is not what was found then"
    if template_of(paper_templates(settings.export.venue), official=official is not None) != edition.template:
        return f"the layout of {settings.export.venue} has changed"
    return None
