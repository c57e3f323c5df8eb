"""Full texts that anybody may fetch: the PDF of an arXiv preprint, through the same limits and cache as everything else."""

from __future__ import annotations

from pathlib import Path

from researchclaw.adapters.pdf_text import Unreadable, best_passages, pages_of
from researchclaw.adapters.sources import arxiv
from researchclaw.adapters.sources.answers import Absent, Answer, Failed, Found, Reply, failure
from researchclaw.adapters.sources.http import DAY_S, Request, Web
from stages.contracts import Reading, Work


class OpenTexts:
    """Passages from open PDFs; a work without an arXiv id has none here."""

    def __init__(self, web: Web, kept: Path) -> None:
        """kept: folder in which extracted text is kept, by the hash of its PDF."""
        self._web, self._kept = web, kept

    def passages(self, work: Work, words: str, deadline: float) -> Reading:
        """deadline: in seconds of `time.monotonic`."""
        if work.arxiv_id is None:
            return Reading()
        request = Request(f"/pdf/{work.arxiv_id}", keep_s=30 * DAY_S)
        answer = self._web.ask(arxiv.NAME, request, _pdf, deadline)
        name = f"arXiv:{work.arxiv_id}"
        if not isinstance(answer, Found):
            return Reading(source=name, failed=answer.reason) if isinstance(answer, Failed) else Reading()
        pages = pages_of(answer.value, self._kept)
        if isinstance(pages, Unreadable):
            return Reading(source=name, failed=pages.reason)
        return Reading(source=name, passages=best_passages(pages, words))


def _pdf(reply: Reply) -> Answer[bytes]:
    if reply.status in {404, 410}:
        return Absent("no PDF")
    if reply.status != 200:
        return Failed(failure(reply))
    return Found(reply.body) if reply.body.startswith(b"%PDF-") else Failed("sent something else than a PDF")
