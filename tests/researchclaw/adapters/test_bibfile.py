"""A .bib of the user's is read, its faults are named with their lines, and nothing of it is changed."""

from pathlib import Path

import pytest

from researchclaw.adapters.bibfile import parse_bib, read_bib
from stages.errors import SettingsError

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
