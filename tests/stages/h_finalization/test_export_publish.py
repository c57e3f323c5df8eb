"""The export writes one whole folder or none, and nothing that the gate did not see."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from researchclaw.adapters.figures.illustrator import MatplotlibIllustrator
from researchclaw.adapters.typesetting import Typesetter
from researchclaw.audit import audit
from stages.contracts import (
    Candidates,
    Deliverables,
    ExperimentPlan,
    Manuscript,
    QualityReport,
    RefinedRecords,
    RevisedManuscript,
    Schedule,
    Shortlist,
    SourceOutcome,
)
from stages.errors import ManuscriptRefused, SettingsError
from stages.h_finalization import export_publish
from stages.h_finalization.quality_gate import manuscript_sha256
from stages.ports import Typeset

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("small_study.py"))))


def ready(tmp_path: Path) -> dict[Any, Any]:
    outputs = small.ready(small.record())
    small.write_runs(tmp_path, outputs[RefinedRecords])
    return outputs


def export(tmp_path: Path, outputs: dict[Any, Any], **changes: Any) -> Deliverables:
    return export_publish.run(small.inputs_of(export_publish.Inputs, outputs), small.context(tmp_path, **changes))


def with_text(outputs: dict[Any, Any], markdown: str) -> dict[Any, Any]:
    manuscript = outputs[Manuscript].model_copy(update={"markdown": markdown})
    quality = outputs[QualityReport].model_copy(update={"manuscript_sha256": manuscript_sha256(manuscript)})
    return {**outputs, RevisedManuscript: RevisedManuscript(manuscript=manuscript, answers=()), QualityReport: quality}


def test_everything_that_is_promised_is_delivered(tmp_path: Path) -> None:
    made = export(tmp_path, ready(tmp_path))
    folder = tmp_path / "deliverables"
    for path in (
        "paper_draft.md",
        "paper.tex",
        "paper.pdf",
        "references.bib",
        "charts/difference_forest.pdf",
        "charts/difference_forest.png",
        "charts/difference_forest.data.json",
        "experiment_runs/linear/3/measurement.json",
        "code/linear/train.py",
        "code/linear/patch.diff",
        "code/README.md",
        "reviews.md",
        "reviews.json",
        "results.json",
        "provenance.json",
        "reproduce.md",
        "manifest.json",
        "ro-crate-metadata.json",
    ):
        assert (folder / path).is_file(), path
    assert {file.path for file in made.files} | {"manifest.json"} == {
        file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()
    }
    assert made.pages == 2
    assert made.degraded == ()


def test_provenance_leads_from_each_printed_value_to_results_json(tmp_path: Path) -> None:
    export(tmp_path, ready(tmp_path))
    folder = tmp_path / "deliverables"
    entries = json.loads((folder / "provenance.json").read_text())
    results = json.loads((folder / "results.json").read_text())
    tex = (folder / "paper.tex").read_text()
    assert len(entries) >= 12
    for entry in entries:
        value = results
        for token in entry["path"].split("/")[1:]:
            value = value[token]
        assert value == entry["value"]
        assert entry["file"] == "paper.tex"
    assert entries[0]["text"] in tex


def test_the_draft_is_readable_and_lists_its_references(tmp_path: Path) -> None:
    export(tmp_path, ready(tmp_path))
    draft = (tmp_path / "deliverables/paper_draft.md").read_text()
    assert "{{" not in draft
    assert "is worse than the baseline by 0.04" in draft
    assert "- @kingma2015adam: Diederik P. Kingma, Jimmy Ba (2015). Adam" in draft


def test_only_cited_works_are_in_the_references(tmp_path: Path) -> None:
    outputs = with_text(ready(tmp_path), small.MARKDOWN.replace(" [@kingma2015adam]", ""))
    export(tmp_path, outputs)
    assert "kingma" not in (tmp_path / "deliverables/references.bib").read_text()


def test_a_text_that_failed_the_gate_or_changed_after_it_is_not_exported(tmp_path: Path) -> None:
    outputs = ready(tmp_path)
    failed = outputs[QualityReport].model_copy(update={"passed": False})
    with pytest.raises(ManuscriptRefused, match="did not pass the quality gate"):
        export(tmp_path, {**outputs, QualityReport: failed})
    changed = with_text(outputs, small.MARKDOWN.replace("suits", "fits"))
    with pytest.raises(ManuscriptRefused, match="changed after the quality gate"):
        export(tmp_path, {**changed, QualityReport: outputs[QualityReport]})
    assert not (tmp_path / "deliverables").exists()


def test_a_decimal_without_a_record_stops_the_export(tmp_path: Path) -> None:
    outputs = with_text(ready(tmp_path), small.MARKDOWN.replace("suits cosine decay.", "suits cosine decay, 3.75 times."))
    with pytest.raises(ManuscriptRefused, match=r"3\.75"):
        export(tmp_path, outputs)


def test_a_figure_that_nobody_specified_stops_the_export(tmp_path: Path) -> None:
    outputs = with_text(
        ready(tmp_path), small.MARKDOWN.replace("charts/difference_forest.pdf){#fig:difference_forest", "charts/x.pdf){#fig:x")
    )
    with pytest.raises(ManuscriptRefused, match="nobody specified"):
        export(tmp_path, outputs)


def test_what_was_degraded_is_said(tmp_path: Path) -> None:
    class Preview:
        def typeset(self, tex: str, typst: str, bib: str, figures: dict[str, bytes]) -> Typeset:
            return Typeset(pdf=b"%PDF", pages=1, by="typst preview", complaints=())

    outputs = ready(tmp_path)
    outputs[Schedule] = outputs[Schedule].model_copy(update={"isolation": "landlock", "deviations": ("Fewer seeds were run.",)})
    made = export(tmp_path, outputs, typesetter=Preview())
    assert made.degraded[0] == "Fewer seeds were run."
    assert "landlock" in made.degraded[1]
    assert "typeset without LaTeX" in made.degraded[2]
    assert "Fewer seeds were run." in (tmp_path / "deliverables/reproduce.md").read_text()


def test_two_exports_are_the_same_bytes(tmp_path: Path) -> None:
    outputs = ready(tmp_path)
    assert export(tmp_path, outputs) == export(tmp_path, outputs)


def test_one_layout_is_needed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"export\.venue"):
        export(tmp_path, ready(tmp_path), templates={})


@pytest.mark.slow
def test_the_paper_compiles_and_the_folder_passes_its_audit(tmp_path: Path) -> None:
    typesetter = Typesetter()
    if not typesetter.has_latex:
        pytest.skip("pdflatex and bibtex are not installed")
    folder = small.delivered(tmp_path, typesetter=typesetter, illustrator=MatplotlibIllustrator())
    assert (folder / "paper.pdf").read_bytes().startswith(b"%PDF-")
    assert [check.detail for check in audit(folder) if not check.passed] == []


def test_sources_that_gave_no_answer_are_said_and_abstracts_stay_at_home(tmp_path: Path) -> None:
    outputs = ready(tmp_path)
    outcomes = (
        SourceOutcome(source="openalex", answered=True, found=3, reason="too many requests (429)"),
        SourceOutcome(source="arxiv", answered=False, found=0, reason="is not reached"),
    )
    outputs[Candidates] = outputs[Candidates].model_copy(update={"outcomes": outcomes})
    shortlist = outputs[Shortlist]
    works = tuple(work.model_copy(update={"abstract": "Somebody's abstract."}) for work in shortlist.works)
    outputs[Shortlist] = shortlist.model_copy(update={"works": works})
    made = export(tmp_path, outputs)
    assert made.degraded == (
        "The source openalex left queries unanswered (too many requests (429)).",
        "The source arxiv gave no answer (is not reached).",
    )
    delivered = [path for path in (tmp_path / "deliverables").rglob("*") if path.is_file()]
    assert [path for path in delivered if b"Somebody's abstract" in path.read_bytes()] == []


def test_the_line_at_the_foot_of_page_one_is_a_sentence_and_names_the_comparisons() -> None:
    plan = small.ready(small.record())[ExperimentPlan]
    notice = export_publish._notice("rule-based researcher", plan, "preprint")
    assert "It chose the comparisons: the baseline is compared with " in notice
    assert "reading the topic" not in notice and "The reasons stand" not in notice
    assert notice.endswith(".")
    assert export_publish._in_a_row(["a", "b", "c"]) == "a, b and c"
    assert export_publish._in_a_row(["a", "b and c"]) == "a; b and c"
