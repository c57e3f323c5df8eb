"""Every number and citation of a deliverables folder, checked again by somebody who has nothing but the folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from stages.contracts import Check, VerificationReport
from stages.errors import SettingsError
from stages.h_finalization.checks import read_works, verify_files
from stages.h_finalization.citation_verify import REPORT, verified


def audit(folder: Path) -> tuple[Check, ...]:
    """The checks with their outcome; the folder is true when all have passed.

    Without a network a citation is checked against the confirmed works and the verdicts that the folder carries.
    Raises:
        SettingsError: there is no such folder, or it holds no paper.
    """
    if not folder.is_dir():
        raise SettingsError(f"{folder} is no folder; name the deliverables folder of a run")
    files = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.is_symlink()
    }
    if "paper.tex" not in files:
        raise SettingsError(f"{folder} holds no paper.tex; name the deliverables folder of a run")
    return (*verify_files(files), _citations(files))


def _citations(files: dict[str, bytes]) -> Check:
    """The carried verdicts cover exactly the cited works, and each says that the work was confirmed."""
    try:
        report = VerificationReport.model_validate_json(files[REPORT])
        works = read_works(files)
    except KeyError as error:
        return Check(name="citations", passed=False, detail=f"there is no {error.args[0]}")
    except ValidationError as error:
        return Check(name="citations", passed=False, detail=f"{error.title} cannot be read: {error.errors()[0]['msg']}")
    if {work.key for work in works} != {work.key for work in report.citations}:
        return Check(name="citations", passed=False, detail=f"{REPORT} is about other works than the references")
    if not report.passed:
        return Check(name="citations", passed=False, detail=f"{REPORT} says that the export did not pass")
    return verified(report.citations)
