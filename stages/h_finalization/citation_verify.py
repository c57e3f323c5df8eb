"""Stage 23: check the exported bytes: every number, reference and citation, read back from the published folder."""

from __future__ import annotations

from collections.abc import Sequence

from stages.contracts import Brief, Check, CitedWork, Contract, Deliverables, VerificationReport
from stages.errors import ManuscriptRefused
from stages.h_finalization.checks import read_cards, read_document, read_works, verify_files
from stages.h_finalization.manifest import MANIFEST, delivered, manifest_bytes
from stages.h_finalization.references.judging import with_judgements
from stages.h_finalization.references.support import supported_sentences, with_support
from stages.h_finalization.reports import ReviewRecord
from stages.ports import Context

REPORT = "verification_report.json"


class Inputs(Contract):
    brief: Brief
    deliverables: Deliverables


def run(inputs: Inputs, ctx: Context) -> VerificationReport:
    """The report, written into the folder before anything is refused; the manifest then covers it as well.

    Raises:
        ManuscriptRefused: a check failed; the message names the first, the report all of them.
    """
    files = {path: ctx.shelf.get(path) for path in ctx.shelf.list() if path != REPORT}
    works = read_works(files)
    read = ReviewRecord.model_validate_json(files["reviews.json"]).quality.support
    support = with_judgements(supported_sentences(read_document(files), works, read_cards(files)), read)
    citations = with_support(ctx.library.verify(works), support)
    allowed = inputs.brief.allow_unchecked
    checks = (_same_files(inputs.deliverables, files), *verify_files(files, not_yet={REPORT}), verified(citations, unchecked=allowed))
    report = VerificationReport(
        citations=citations,
        support=support,
        checks=checks,
        passed=all(check.passed for check in checks),
        unchecked_allowed=allowed,
        program=ctx.program,
    )
    files[REPORT] = f"{report.model_dump_json(indent=1)}\n".encode()
    ctx.shelf.put(REPORT, files[REPORT])
    ctx.shelf.put(MANIFEST, manifest_bytes(files))
    if not report.passed:
        failed = [check for check in checks if not check.passed]
        raise ManuscriptRefused(
            f"{failed[0].name}: {failed[0].detail} ({len(failed)} checks failed, see {REPORT}); export again with --from-stage 22"
        )
    return report


def verified(citations: Sequence[CitedWork], *, unchecked: bool = False) -> Check:
    """Every cited work is confirmed; a source that could not be asked confirms nothing.

    unchecked: works that nobody could confirm or deny pass, and are counted in the check's words.
    """
    passing = {"verified", "not checked"} if unchecked else {"verified"}
    wrong = [
        f"{work.key}: {work.verdict} ({'; '.join(work.evidence) or 'no evidence'})"
        for work in citations
        if work.verdict not in passing
    ]
    open_ones = sum(work.verdict == "not checked" for work in citations)
    fine = f"all {len(citations)} cited works are confirmed"
    if open_ones:
        confirmed = len(citations) - open_ones
        fine = f"{confirmed} of {len(citations)} cited works are confirmed; {open_ones} not checked, as the settings allow"
    detail = "; ".join(wrong) if wrong else fine
    return Check(name="citations", passed=not wrong, detail=detail)


def _same_files(deliverables: Deliverables, files: dict[str, bytes]) -> Check:
    """The folder holds what the export handed over, byte for byte, whatever the manifest says."""
    found, handed = {entry.path: entry for entry in delivered(files)}, {entry.path: entry for entry in deliverables.files}
    wrong = sorted(path for path in found.keys() | handed.keys() if found.get(path) != handed.get(path))
    detail = f"changed after the export: {', '.join(wrong)}" if wrong else f"{len(found)} files as they were exported"
    return Check(name="exported files", passed=not wrong, detail=detail)
