"""The page says what the record says, leads every number to its runs, and obeys nobody whose words it shows."""

import itertools
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from researchclaw.other_version import check_kit
from researchclaw.report.page import report
from researchclaw.report.record import LOG_BYTES, read_record
from researchclaw.run_store import RunStore
from stages import contracts as c
from stages.errors import SettingsError
from stages.pipeline import PIPELINE


class Page(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(attribute)) is not None]


def text_of(store: RunStore) -> str:
    return report(read_record(store, PIPELINE))


def test_the_same_run_gives_the_same_bytes(honest_run: RunStore) -> None:
    assert text_of(honest_run) == text_of(honest_run)


def test_the_page_is_written_from_the_record_and_changes_nothing(honest_run: RunStore) -> None:
    before = {file: file.stat().st_mtime_ns for file in honest_run.folder.rglob("*")}
    text_of(honest_run)
    assert {file: file.stat().st_mtime_ns for file in honest_run.folder.rglob("*")} == before


def test_every_number_leads_to_its_value_and_from_there_to_its_runs_and_logs(honest_run: RunStore) -> None:
    page = text_of(honest_run)
    links = re.findall(r'<a class="number" href="#(value-\d+)">([^<]+)</a>', page)
    assert len(links) > 40
    mean = next(anchor for anchor, text in links if text == "2.2744")  # of the constant rate over five seeds
    rows = re.findall(r'<h3 id="group-\d+">([^<]+)</h3>\n<p>(.*?)</p>\n<dl class="values">(.*?)</dl>', page, re.S)
    (group,) = [row for row in rows if f'id="{mean}"' in row[2]]
    assert group[0] == "Condition constant"
    runs = re.findall(r'href="#(run-[0-9a-f]+)">([^<]+)</a>', group[1])
    assert [text for _, text in runs] == [f"constant, seed {seed}" for seed in (1, 2, 3, 4, 5)]
    assert "/conditions/constant/metrics/val_bpb/mean" in group[2]
    body = page.split(f'id="{runs[0][0]}"')[1].split("</details>")[0]
    assert "trained" in body.split("<pre")[1]  # the log
    assert "researchclaw kits run" in body


def test_a_difference_leads_to_the_runs_of_both_conditions_and_a_seed_value_to_one(honest_run: RunStore) -> None:
    page = text_of(honest_run)
    group = page.split("Comparison constant against cosine</h3>")[1].split("</p>")[0]
    assert len(re.findall(r"run-[0-9a-f]+", group)) == 10


def test_every_internal_link_has_a_target_and_every_id_is_there_once(honest_run: RunStore, hostile_run: RunStore) -> None:
    for store in (honest_run, hostile_run):
        page = Page(text_of(store))
        ids = Counter(page.all("id"))
        assert [name for name, count in ids.items() if count > 1] == []
        assert {href[1:] for href in page.all("href") if href.startswith("#")} <= set(ids)
        for attribute in ("aria-labelledby",):
            assert set(page.all(attribute)) <= set(ids)


def test_nothing_is_loaded_from_anywhere_and_no_script_is_there(hostile_run: RunStore) -> None:
    text = text_of(hostile_run)
    page = Page(text)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "iframe", "object", "embed", "form", "base", "audio", "video"}
    assert all(source.startswith("data:image/png;base64,") for source in page.all("src"))
    assert [link for tag, link in page.tags if tag == "link"] == [{"rel": "icon", "href": "data:,"}]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]
    assert "url(" not in text.split("<style>")[1].split("</style>")[0]
    assert all(href.startswith(("#", "https://", "data:,")) for href in page.all("href"))


def test_hostile_words_are_shown_as_words(hostile_run: RunStore) -> None:
    text = text_of(hostile_run)
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{7*7}}" in text
    assert "⟨U+202E⟩txet⟨U+202C⟩" in text
    assert "⟨U+200B⟩hidden" in text
    assert not re.search("[\x00-\x08\u202a-\u202e\u2066-\u2069\u200b]", text)
    assert "漢字 عربى 🙂" in text


def test_a_link_of_the_manuscript_is_followed_only_to_the_web(hostile_run: RunStore) -> None:
    page = Page(text_of(hostile_run))
    assert "https://example.org/?a=1&b=2" in page.all("href")
    assert "press" in page.text
    for attributes in (given for tag, given in page.tags if tag == "a" and (given["href"] or "").startswith("https:")):
        assert attributes["rel"] == "noreferrer noopener external"


def test_a_record_that_points_out_of_the_run_folder_reads_nothing_there(hostile_run: RunStore) -> None:
    record = read_record(hostile_run, PIPELINE)
    outside = [run for run in record.runs if ".." in run.record.folder]
    assert len(outside) == 1
    assert outside[0].log is None


def test_a_log_that_is_a_link_out_of_the_run_folder_is_not_read(
    honest_run: RunStore, copy_of: Callable[[RunStore], RunStore], tmp_path: Any
) -> None:
    store = copy_of(honest_run)
    (tmp_path / "secret.txt").write_text("the secret")
    log = store.experiment_runs / "linear" / "1" / "log.txt"
    log.unlink()
    log.symlink_to(tmp_path / "secret.txt")
    assert "the secret" not in text_of(store)


def test_a_long_log_is_cut_in_the_middle_and_the_page_says_so(hostile_run: RunStore) -> None:
    run = next(run for run in read_record(hostile_run, PIPELINE).runs if run.log is not None)
    assert run.log is not None
    assert len(run.log.head.encode(errors="ignore")) <= 3 * LOG_BYTES
    assert run.log.left_out > 0
    assert f"{run.log.left_out:,} bytes left out" in text_of(hostile_run)


def test_a_run_that_has_only_begun_has_a_page_that_says_what_is_missing(
    honest_run: RunStore, copy_of: Callable[[RunStore], RunStore]
) -> None:
    store = copy_of(honest_run)
    for stage in (store.folder / "stages").iterdir():
        (stage / "output.json").unlink()
    page = Page(text_of(store))
    for words in ("Nothing is analysed yet.", "No text is written yet.", "No hypothesis is stated yet.", "No figure is drawn yet."):
        assert words in page.text


def test_verdicts_and_literature_are_those_of_the_record(honest_run: RunStore) -> None:
    record = read_record(honest_run, PIPELINE)
    page = Page(report(record))
    analysis = record.get(c.Analysis)
    assert analysis is not None
    for finding in analysis.findings:
        assert f"{finding.verdict} {finding.reason}" in " ".join(page.text.split())
    assert "4 records found by the queries" in page.text
    assert "2 cited in the paper" in page.text
    assert "Use more seeds." in page.text
    assert "again" in page.text.split("Ways back")[1]


def test_before_the_final_check_no_citation_is_called_verified(honest_run: RunStore, copy_of: Callable[[RunStore], RunStore]) -> None:
    assert "2 cited, 2 of them verified" in Page(text_of(honest_run)).text
    store = copy_of(honest_run)
    (store.folder / "stages" / "23_citation_verify" / "output.json").unlink()
    page = Page(text_of(store))
    assert "2 cited, not verified yet" in page.text
    assert "Nothing is exported and checked yet." in page.text


def test_headings_do_not_skip_a_level_and_pictures_say_what_they_show(honest_run: RunStore) -> None:
    page = Page(text_of(honest_run))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(pictures) == 1
    assert pictures[0]["alt"] == "A forest plot"
    assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in page.tags}


def test_an_output_of_another_version_is_named(honest_run: RunStore, copy_of: Callable[[RunStore], RunStore]) -> None:
    store = copy_of(honest_run)
    stage = next(stage for stage in PIPELINE if stage.output is c.Archive)
    store.write_output(stage, c.SubQuestion(id="q", text="old", priority=1), round_=1, inputs={}, guidance=(), seconds=0)
    with pytest.raises(
        SettingsError, match=r"stages/21_knowledge_archive/output\.json is of another version .*lessons: Field required"
    ):
        text_of(store)


def test_a_stage_output_changed_by_hand_is_refused(honest_run: RunStore, copy_of: Callable[[RunStore], RunStore]) -> None:
    store = copy_of(honest_run)
    place = store.folder / "stages" / "14_result_analysis" / "output.json"
    place.write_text(place.read_text().replace("2.27", "2.26", 1))
    with pytest.raises(SettingsError, match="changed by hand"):
        text_of(store)


def test_what_has_still_to_train_needs_the_kit_of_its_plan(honest_run: RunStore, copy_of: Callable[[RunStore], RunStore]) -> None:
    store = copy_of(honest_run)
    plan = store.output(PIPELINE[8])
    assert plan is not None
    name, ours = plan.output["kit"], plan.output["kit_sha256"]
    other = ours[:-1] + ("1" if ours[-1] == "0" else "0")
    for stage in PIPELINE[11:13]:
        store.write_output(stage, c.SubQuestion(id="q", text="trained", priority=1), round_=1, inputs={}, guidance=(), seconds=0)
    check_kit(store, PIPELINE, None, {name: other})  # all is trained: nothing needs the kit
    check_kit(store, PIPELINE, 12, {name: ours})
    check_kit(store, PIPELINE, 12, {"another": "0" * 64})
    check_kit(store, PIPELINE, 9, {name: other})
    with pytest.raises(SettingsError, match=r"kit .* is another one .* stage 12 .* --from-stage 9`"):
        check_kit(store, PIPELINE, 12, {name: other})
    (store.stage_folder(PIPELINE[12]) / "output.json").unlink()
    with pytest.raises(SettingsError, match="stage 13"):
        check_kit(store, PIPELINE, None, {name: other})
