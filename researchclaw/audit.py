"""Every number and citation of a deliverables folder, or every reference of a .bib file, checked again by somebody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pydantic import Field, PositiveInt, ValidationError

from researchclaw.program_version import program
from stages.contracts import Check, CitedWork, Contract, VerificationReport
from stages.errors import SettingsError
from stages.h_finalization.checks import read_works, verify_files
from stages.h_finalization.citation_verify import REPORT, verified

if TYPE_CHECKING:
    from stages.h_finalization.references.reference import Reference


class Checker(Protocol):
    """Whom references are checked against."""

    @property
    def sources(self) -> tuple[str, ...]: ...

    def check(self, references: Sequence[Reference]) -> tuple[CitedWork, ...]: ...


def audit(folder: Path, known: Checker | None = None) -> tuple[Check, ...]:
    """The checks with their outcome; the folder is true when all have passed.

    Without a network a citation is checked against the confirmed works and the verdicts that the folder carries.
    known: whom the cited works are compared with once more; default: the embedded catalogue.
    Raises:
        SettingsError: there is no such folder, or it holds no paper.
    """
    if not folder.is_dir():
        raise SettingsError(f"{folder} is no folder; name the deliverables folder of a run")
    if not (folder / "paper.tex").is_file():  # before the rest is read: it may be anybody's home folder
        raise SettingsError(f"{folder} holds no paper.tex; name the deliverables folder of a run")
    files = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.is_symlink()
    }
    checks = (*verify_files(files), _citations(files), _records(files, known or _embedded()))
    return (*checks, _made_by(files, {check.name for check in checks if not check.passed}))


_WRITTEN_AGAIN = frozenset({"values", "text", "references", "claims", "reviews"})
"""Checks that write something again by the code of today, and so depend on the version of the program."""


def _made_by(files: dict[str, bytes], failed: set[str]) -> Check:
    """Which version made the folder; failed where that alone may be why another check did."""
    name, here = "program", program()
    try:
        made_by = VerificationReport.model_validate_json(files[REPORT]).program
    except (KeyError, ValidationError):  # the check of the citations says what is wrong with it
        made_by = ""
    if made_by == here:
        return Check(name=name, passed=True, detail=f"made by this version, {here}")
    other = f"researchclaw {made_by}" if made_by else "a version of researchclaw that did not leave its name"
    if not (again := sorted(failed & _WRITTEN_AGAIN)):
        return Check(name=name, passed=True, detail=f"made by {other}, checked by {here}")
    detail = (
        f"made by {other}, and this is {here}, which may write the same paper in other words: {', '.join(again)} may have failed for "
        "that alone. Audit the folder with the version that made it, or export it again (`researchclaw resume RUN --from-stage 22`) "
        "and audit that"
    )
    return Check(name=name, passed=False, detail=detail)


def _embedded() -> Checker:
    from researchclaw.adapters.user_library import library_of

    return library_of()


def _records(files: dict[str, bytes], known: Checker) -> Check:
    """No cited work contradicts the records; what they do not hold, they say nothing about."""
    from stages.h_finalization.references.reference import reference_of_work

    name = "embedded records" if len(known.sources) == 1 else "records"
    try:
        works = read_works(files)
    except (KeyError, ValidationError) as error:
        return Check(name=name, passed=False, detail=f"the cited works cannot be read: {type(error).__name__}")
    found = known.check([reference_of_work(work) for work in works])
    wrong = [f"{cited.key}: {'; '.join(cited.evidence)}" for cited in found if cited.verdict in ("mismatch", "retracted", "not found")]
    agreeing = sum(cited.verdict == "verified" for cited in found)
    asked = "the embedded catalogue" if len(known.sources) == 1 else ", ".join(known.sources)
    detail = "; ".join(wrong) if wrong else f"{agreeing} of {len(found)} cited works agree with {asked}"
    return Check(name=name, passed=not wrong, detail=detail)


class AuditedReference(Contract):
    """One entry of a .bib file with what the known records say about it."""

    line: PositiveInt
    cited: CitedWork


class BibAudit(Contract):
    """A .bib file, checked."""

    file: str
    asked: tuple[str, ...] = Field(description="The collections that were asked.")
    faults: tuple[str, ...] = Field(description="What cannot be read, or lacks a field, each with its line.")
    references: tuple[AuditedReference, ...]

    @property
    def passed(self) -> bool:
        return not self.faults and all(reference.cited.verdict == "verified" for reference in self.references)

    def lines(self) -> Iterator[str]:
        """What is wrong, in the order of the file, then the counts."""
        yield from (f"FAIL  {self.file}:{fault}" for fault in self.faults)
        for reference in self.references:
            cited = reference.cited
            if cited.verdict != "verified":
                yield f"{cited.verdict.upper():<12} {self.file}:{reference.line}: {cited.key}: {'; '.join(cited.evidence)}"
        counts = Counter(reference.cited.verdict for reference in self.references)
        told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
        yield f"{len(self.references)} references against {', '.join(self.asked)}: {told or 'nothing to check'}"


def audit_bib(file: Path, known: Checker) -> BibAudit:
    """Every reference of a .bib file against the known records; the file is only read.

    Raises:
        SettingsError: the file cannot be read.
    """
    from researchclaw.adapters.bibfile import read_bib

    found = read_bib(file)
    if not found.entries and not found.faults:
        raise SettingsError(f"{file} holds no BibTeX entry; name a .bib file or the deliverables folder of a run")
    cited = known.check([entry.reference for entry in found.entries])
    lacking = [(entry.line, f"{entry.key} lacks {', '.join(entry.lacks)}") for entry in found.entries if entry.lacks]
    faults = sorted([(fault.line, fault.text) for fault in found.faults] + lacking)
    return BibAudit(
        file=file.name,
        asked=known.sources,
        faults=tuple(f"{line}: {text}" for line, text in faults),
        references=tuple(
            AuditedReference(line=entry.line, cited=verdict) for entry, verdict in zip(found.entries, cited, strict=True)
        ),
    )


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
    return verified(report.citations, unchecked=report.unchecked_allowed)
