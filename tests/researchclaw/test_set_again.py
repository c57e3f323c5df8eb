"""Asked for the look that a paper has: set again only where something would come out otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from researchclaw import set_again
from researchclaw.program_version import program
from researchclaw.set_again import why_set_again
from researchclaw.settings import Settings, overridden
from researchclaw.wiring import paper_templates
from stages.contracts import VerificationReport
from stages.h_finalization.rendering import Edition, template_of


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    folder = tmp_path / "deliverables"
    (folder / "record").mkdir(parents=True)
    edition = Edition(template=template_of(paper_templates("icml")), notice="N.", called={})
    (folder / "record" / "edition.json").write_text(edition.model_dump_json())
    report = VerificationReport(passed=True, checks=(), citations=(), program=program())
    (folder / "verification_report.json").write_text(report.model_dump_json())
    return folder


def icml(styles: Path) -> Settings:
    return overridden(Settings(), ["export.venue=icml", f"export.styles={styles}"])


def test_what_was_set_so_by_this_program_would_come_out_the_same(exported: Path, tmp_path: Path) -> None:
    assert why_set_again(exported, icml(tmp_path)) is None


def test_another_program_style_or_layout_is_a_reason(exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    style = tmp_path / "icml2026.sty"
    style.write_text(r"\ProvidesPackage{icml2026}[2026/01/01]" + "\n\\DeclareOption{preprint}{}\n\\DeclareOption{accepted}{}\n")
    assert "official style of icml" in (why_set_again(exported, icml(tmp_path)) or "")
    style.unlink()
    assert "layout of neurips" in (why_set_again(exported, overridden(icml(tmp_path), ["export.venue=neurips"])) or "")
    monkeypatch.setattr(set_again, "program", lambda: "0.2.0+1")
    assert "and this is 0.2.0+1" in (why_set_again(exported, icml(tmp_path)) or "")
    (exported / "record" / "edition.json").unlink()
    assert "do not say" in (why_set_again(exported, icml(tmp_path)) or "")
