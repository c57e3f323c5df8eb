"""A .bib of the user's is read, its faults are named with their lines, and nothing of it is changed."""

from pathlib import Path

import pytest

from researchclaw.adapters.bibfile import parse_bib, read_bib
from researchclaw.adapters.user_library import library_of
from stages.errors import SettingsError
from stages.h_finalization.bibliography import references_bib

GOOD = """% exported
@string{nips = "NeurIPS"}
@inproceedings{Vaswani:2017,
  title = {{Attention} is all you need},
  author = {Vaswani, Ashish and {Google Brain Team} and others},
  year = 2017, booktitle = nips,
  url = {https://a.b/c_d%20e},
  eprint = {1706.03762}, archiveprefix = {arXiv}
}
"""


def test_entries_keep_their_keys_and_urls() -> None:
    (entry,) = parse_bib(GOOD).entries
    assert (entry.key, entry.kind, entry.line) == ("Vaswani:2017", "inproceedings", 3)
    assert entry.fields["url"] == "https://a.b/c_d%20e"
    work = entry.work("mine.bib")
    assert work.title == "Attention is all you need"
    assert work.authors == ("Ashish Vaswani", "Google Brain Team")
    assert work.authors_truncated
    assert (work.venue, work.arxiv_id, work.confirmed_by) == ("NeurIPS", "1706.03762", ("mine.bib",))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("@misc{a, title={t}, year={2020}\n\n@misc{b, title={u}}\n", 1, "cannot be read"),
        ("\n@misc{a, title={t}}\n@misc{a, title={u}}\n", 3, "the key a is used a second time"),
        ("@misc{a, title={t}, title={u}}\n", 1, "a field is given twice: title"),
        ('@misc{z, title={t}}\n@misc{a, title = "x" year = 3}\n', 2, "a comma is missing after title"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(text: str, line: int, words: str) -> None:
    (fault,) = parse_bib(text).faults
    assert fault.line == line
    assert words in fault.text


def test_an_entry_with_a_doubled_field_is_still_there() -> None:
    assert [entry.fields["title"] for entry in parse_bib("@misc{a, title={t}, title={u}}").entries] == ["t"]


def test_what_a_citation_needs_is_missed_by_name() -> None:
    entries = parse_bib("@misc{a, title={t}}\n@misc{noauthor_nodate, title={t}, author={X Y}, year={2020}}\n").entries
    assert [entry.lacks for entry in entries] == [("author", "year"), ("author",)]


def test_the_file_is_only_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.bib"
    file.write_text(GOOD)
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    read_bib(file)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_a_file_that_is_not_there_or_not_utf8_is_a_setting_to_mend(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.bib"):
        read_bib(tmp_path / "none.bib")
    (tmp_path / "latin.bib").write_bytes(b"@misc{a,\n title={M\xfcller}}\n")
    with pytest.raises(SettingsError, match="line 2 is not UTF-8"):
        read_bib(tmp_path / "latin.bib")


@pytest.mark.parametrize(
    "text",
    [
        "@string{a = b}\n@string{b = a}\n@article{k, title=a, author={A B}, year=2020}",
        "@article{k, author={" + "," * 5000 + "}, title={t}, year=2020}",
        "@article{k, author={" + " and" * 5000 + "}, title={t}, year=2020}",
        "@article{k, title={" + "\\textbf{" * 5000 + "}" * 5000 + "}, year=2020, author={A B}}",
        "@article{k\x00\u202e, title={a\u202eb\x1b[31m}, year=2020, author={A B}}",
        "@article{k, title={t}, year={" + "9" * 5000 + "}, author={A B}}",
    ],
)
def test_a_hostile_entry_is_read_and_confirmed_by_nobody(text: str) -> None:
    references = [entry.reference for entry in parse_bib(text).entries]
    assert references
    assert all(cited.verdict != "verified" for cited in library_of().check(references))


def test_a_field_or_a_file_beyond_measure_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swollen = parse_bib("@misc{a, title={" + "x" * 100_001 + "}}")
    assert not swollen.entries and "title has more than 100000 signs" in swollen.faults[0].text
    monkeypatch.setattr("researchclaw.adapters.bibfile.LARGEST", 10)
    (tmp_path / "big.bib").write_text("@misc{a, title={t}}")
    with pytest.raises(SettingsError, match="split the file"):
        read_bib(tmp_path / "big.bib")


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_is_named_with_the_remedy(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "own.bib").write_bytes("@misc{a, title={Größe}}".encode(encoding))
    with pytest.raises(SettingsError, match="save the file as UTF-8"):
        read_bib(tmp_path / "own.bib")


@pytest.mark.parametrize("pages", [r"e1\_2", "e1_2", "١٢", "１２"])
def test_pages_of_the_users_that_tex_would_die_of_are_left_out(pages: str) -> None:
    text = f"@article{{a, title={{T}}, author={{Doe, Ann}}, year=2020, journal={{J}}, volume={{{pages}}}, pages={{{pages}}}}}"
    written = references_bib([parse_bib(text).entries[0].work("mine.bib")])
    assert "journal = {" in written
    assert "pages" not in written and "volume" not in written
