"""The user's PDFs: which is which work, quotes with their pages, and files that want to harm."""

from __future__ import annotations

import io
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from researchclaw.adapters.pdf_folder import PdfFolder
from researchclaw.adapters.pdf_text import PASSAGE, WALL_S, Unreadable, best_passages, pages_of
from stages.contracts import Work
from stages.errors import SettingsError

WORK = Work(
    key="berg2021warm",
    title="Warm-up of Learning Rates in Warm Seas",
    authors=("Ada Berg",),
    year=2021,
    venue="V",
    type="journal",
    doi="10.1000/w.1",
    arxiv_id="2101.00001",
    confirmed_by=("catalogue",),
)


def pdf(*pages: str, password: str | None = None) -> bytes:
    """A PDF with one line of text on each page."""
    writer = PdfWriter()
    for text in pages:
        page = writer.add_blank_page(width=600, height=800)
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})})
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 700 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def folder(tmp_path: Path, **files: bytes) -> PdfFolder:
    place = tmp_path / "papers"
    place.mkdir()
    for name, content in files.items():
        (place / f"{name}.pdf").write_bytes(content)
    return PdfFolder(place, tmp_path / "kept")


@pytest.mark.parametrize(
    ("name", "first_page"),
    [
        ("berg2021warm", "Anything"),
        ("2101.00001v2", "Anything"),
        ("download (3)", "Warm-up of learning rates in warm seas Ada Berg"),
        ("download (3)", "Annals doi:10.1000/W.1 Something"),
        ("download (3)", "arXiv:2101.00001v3 [cs.LG]"),
    ],
)
def test_a_pdf_is_known_by_name_number_or_first_page(name: str, first_page: str, tmp_path: Path) -> None:
    papers = folder(tmp_path, **{"aaa": pdf("Another paper that cites much"), name: pdf(first_page, "Steps grow slowly at first.")})
    reading = papers.passages(WORK, "steps growing slowly")
    assert reading.source == f"{name}.pdf"
    assert (2, "Steps grow slowly at first.") in [(passage.page, passage.text) for passage in reading.passages]


@pytest.mark.parametrize("first_page", ["arXiv:2101.000011 [cs.LG]", "doi:10.1000/w.12", "Warm seas", ""])
def test_a_pdf_of_another_work_is_nobodys(first_page: str, tmp_path: Path) -> None:
    assert folder(tmp_path, other=pdf(first_page)).passages(WORK, "steps").passages == ()


def test_a_text_is_extracted_once(tmp_path: Path) -> None:
    pages_of(pdf("Steps grow."), tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_text('{"pages": ["as kept"], "failed": null}')
    assert pages_of(pdf("Steps grow."), tmp_path) == ("as kept",)
    kept.write_text('{"pages": ["as')
    assert pages_of(pdf("Steps grow."), tmp_path) == ("Steps grow.",)


def test_signs_that_cannot_be_seen_do_not_reach_a_quote(tmp_path: Path) -> None:
    assert pages_of(pdf("a\\000b \\033[31mred"), tmp_path) == ("a b [31mred",)


def _bomb() -> bytes:
    """A page whose content is a gigabyte of blanks."""
    packed = zlib.compressobj(9)
    content = b"".join(packed.compress(b" " * 2**20) for _ in range(1500)) + packed.flush()
    body = pdf("x")
    start = body.index(b"<<", body.index(b"stream") - 60)
    end = body.index(b"endstream")
    return body[:start] + b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(content) + content + b"\n" + body[end:]


def _circle() -> bytes:
    """A tree of pages that is its own child."""
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>endobj\n"
        b"trailer<</Root 1 0 R/Size 3>>\n%%EOF"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Empty"),
        (b"%PDF-1.7 and nothing", ""),
        (b"<html>Sign in</html>", ""),
        (pdf("Steps grow.")[:300], ""),
        (pdf("locked", password="secret"), "password"),
        (pdf(""), "no text"),
        (b"%PDF-1.4\n" + b"[" * 200_000, ""),
        (_circle(), ""),
        (_bomb, ""),
    ],
    ids=["empty", "bare", "html", "cut", "locked", "picture", "nested", "circle", "bomb"],
)
def test_what_cannot_be_read_is_said_and_ends_soon(content: bytes | Callable[[], bytes], words: str, tmp_path: Path) -> None:
    written = content if isinstance(content, bytes) else content()
    begun = time.monotonic()
    found = pages_of(written, tmp_path)
    assert isinstance(found, Unreadable)
    assert words in found.reason
    assert time.monotonic() - begun < WALL_S  # a hang, not a speed; what it may compute is bounded by CPU_S of the reader


def test_a_file_that_cannot_be_read_is_named_beside_its_work(tmp_path: Path) -> None:
    reading = folder(tmp_path, berg2021warm=b"%PDF-1.7 broken").passages(WORK, "steps")
    assert reading.source == "berg2021warm.pdf"
    assert reading.failed


def test_a_folder_that_is_none_is_a_setting_to_mend(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="pdf_folder"):
        PdfFolder(tmp_path / "no", tmp_path)


def test_the_best_passages_come_in_the_order_of_the_pages_and_end_at_sentences() -> None:
    filler = "Nothing about it stands here. " * 60
    pages = (filler, f"{filler} Gradient clipping prevents explosions in recurrent training.", "Clipping gradients.", filler)
    found = best_passages(pages, "Does gradient clipping help?", most=2)
    assert [passage.page for passage in found] == [2, 3]
    assert all(len(passage.text) <= PASSAGE for passage in found)
    assert found[0].text.endswith("training.")
