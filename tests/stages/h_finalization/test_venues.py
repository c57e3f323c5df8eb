"""Each venue gets its author block, its statements and its own style where the user has it; everything is compiled for real."""

import io
import json
import re
import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from matplotlib.figure import Figure

from researchclaw.adapters.typesetting import Typesetter
from researchclaw.audit import audit
from researchclaw.shipped import shipped
from researchclaw.wiring import paper_templates
from stages.contracts import Brief, Deliverables, Manuscript, OfficialStyle, StyleFile
from stages.g_writing import paper_outline
from stages.g_writing.document import STATEMENT
from stages.g_writing.markdown import parse, print_markdown
from stages.h_finalization import export_publish
from stages.h_finalization.front_matter import authors_of, front_matter
from stages.h_finalization.statements import OPEN, statements, statements_markdown
from stages.ports import Drawing, Typeset

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("small_study.py"))))
needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
VENUES = ("neurips", "icml", "iclr", "plain")
THANKS = "\n## Acknowledgements {#sec:acknowledgements}\n\nWe thank the Foundation of Revealing Names.\n"
LINE = "A. One (Institute of Facts); B. Two (School of Doubt)"

FAKES = {
    "neurips": r"""\NeedsTeXFormat{LaTeX2e}
\ProvidesPackage{neurips_2099}
\newif\ifshown
\DeclareOption{preprint}{\showntrue}
\DeclareOption{final}{\showntrue}
\ProcessOptions\relax
\RequirePackage{natbib,geometry}
\renewcommand\maketitle{{\def\And{\and}\centering\@title\par
\ifshown\begin{tabular}[t]{c}\@author\end{tabular}\else Anonymous Author(s)\fi\par}}
""",
    "iclr": r"""\ProvidesPackage{iclr2099_conference}
\RequirePackage{natbib,eso-pic,fancyhdr}
\newif\ificlrfinal
\def\iclrfinalcopy{\iclrfinaltrue}
\renewcommand\maketitle{{\def\And{\and}\@title\par
\ificlrfinal\begin{tabular}[t]{l}\@author\end{tabular}\else Anonymous authors\fi\par}}
""",
    "icml": r"""\ProvidesPackage{icml2099}
\newif\ifshown
\DeclareOption{accepted}{\showntrue}
\DeclareOption{preprint}{\showntrue}
\ProcessOptions\relax
\RequirePackage{times,natbib,fancyhdr,xcolor}
\newcommand\icmltitle[1]{{\centering #1\par}}
\newcommand\icmltitlerunning[1]{}
\newenvironment{icmlauthorlist}{}{}
\newcommand\icmlauthor[2]{\ifshown #1 (#2)\fi}
\newcommand\icmlaffiliation[2]{\ifshown #1: #2\fi}
\newcommand\printAffiliationsAndNotice[1]{\footnotetext{#1}}
""",
}
"""Not the venues' files: only the commands that they promise."""


def fake(venue: str) -> OfficialStyle:
    name = re.search(r"ProvidesPackage\{(\w+)\}", FAKES[venue])[1]  # type: ignore[index]
    files = (StyleFile(name=f"{name}.sty", text=FAKES[venue]),)
    return OfficialStyle.model_validate({"venue": venue, "package": name, "year": "2099", "files": files})


class Illustrator(small.CannedIllustrator):  # type: ignore[name-defined,misc]
    """A picture that LaTeX can read, and the width that it was asked for."""

    def __init__(self) -> None:
        self.widths: list[float] = []

    def draw(self, figure: Any, results: Any, prisma: Any, width_in: float = 5.5) -> Drawing:
        self.widths.append(width_in)
        stream = io.BytesIO()
        Figure(figsize=(width_in, 1)).savefig(stream, format="pdf")
        drawn: Drawing = super().draw(figure, results, prisma)
        return drawn.model_copy(update={"pdf": stream.getvalue()})


def exported(tmp_path: Path, venue: str, *, kind: str = "difference_forest", **changes: Any) -> Path:
    """Stages 22 and 23 with real LaTeX. kind: what the one figure of the paper shows."""
    outputs = small.record()
    text = outputs[Manuscript]
    text = text.model_copy(update={"figures": tuple(figure.model_copy(update={"kind": kind}) for figure in text.figures)})
    outputs[Manuscript] = text.model_copy(
        update={"authors": (LINE,), "markdown": text.markdown.replace("\n## Cost", f"{THANKS}\n## Cost")}
    )
    outputs = small.ready(outputs)
    small.write_runs(tmp_path, outputs[small.c.RefinedRecords])
    world = small.context(
        tmp_path, **{"illustrator": Illustrator(), "typesetter": Typesetter("latex"), "templates": paper_templates(venue), **changes}
    )
    outputs[Deliverables] = export_publish.run(small.inputs_of(export_publish.Inputs, outputs), world)
    small.citation_verify.run(small.inputs_of(small.citation_verify.Inputs, outputs), world)
    (tmp_path / "degraded.json").write_text(json.dumps(outputs[Deliverables].degraded))
    return tmp_path / "deliverables"


@needs_latex
@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("mode", ["preprint", "submission", "final"])
def test_every_layout_compiles_in_every_mode_and_a_submission_names_nobody(tmp_path: Path, venue: str, mode: str) -> None:
    folder = exported(tmp_path, venue, mode=mode)
    tex = (folder / "paper.tex").read_text()
    anonymous = mode == "submission"
    assert ("Institute of Facts" in tex) is not anonymous
    assert ("A. One" in tex) is not anonymous
    assert ("Revealing Names" in tex) is not anonymous
    assert (",lines]{rcpaper}" in tex) is anonymous
    assert ("Anonymous" in tex) is anonymous
    if anonymous:
        named = [file for file in folder.rglob("*") if file.is_file() and b"Institute of Facts" in file.read_bytes()]
        assert not named  # the record goes to the reviewers, too
    assert not [check for check in audit(folder) if not check.passed]


@needs_latex
@pytest.mark.parametrize("venue", FAKES)
@pytest.mark.parametrize("mode", ["submission", "final"])
def test_the_venues_own_style_is_used_recorded_and_delivered(tmp_path: Path, venue: str, mode: str) -> None:
    official = fake(venue)
    folder = exported(tmp_path, venue, mode=mode, official=official)
    tex = (folder / "paper.tex").read_text()
    assert f"{{{official.package}" in tex
    assert "\\usepackage[official]{rcpaper}" in tex
    assert (folder / f"{official.package}.sty").read_text() == FAKES[venue]
    assert json.loads((folder / "record/edition.json").read_text())["official"]["year"] == "2099"
    assert not [note for note in json.loads((tmp_path / "degraded.json").read_text()) if "official" in note]
    wanted = {
        ("neurips", "submission"): "\\usepackage{neurips_2099}",
        ("neurips", "final"): "\\usepackage[final]{neurips_2099}",
        ("icml", "submission"): "\\icmlauthor{Anonymous Authors}{none}",
        ("icml", "final"): "\\icmlauthor{B. Two}{place2}",
        ("iclr", "submission"): "\\author{Anonymous authors}",
        ("iclr", "final"): "\\iclrfinalcopy",
    }
    assert wanted[venue, mode] in tex
    (folder / f"{official.package}.sty").write_text(FAKES[venue] + "% altered\n")
    assert [check for check in audit(folder) if not check.passed]


@needs_latex
def test_a_style_without_a_preprint_option_is_not_made_to_claim_a_review(tmp_path: Path) -> None:
    folder = exported(tmp_path, "iclr", mode="preprint", official=fake("iclr"))
    assert "iclr2099" not in (folder / "paper.tex").read_text()
    assert "no preprint option" in (tmp_path / "degraded.json").read_text()


def test_absent_official_styles_and_too_many_pages_are_named(tmp_path: Path) -> None:
    class Long(small.CannedTypesetter):  # type: ignore[name-defined,misc]
        def typeset(self, tex: str, typst: str, bib: str, figures: dict[str, bytes]) -> Typeset:
            return Typeset(pdf=b"%PDF", pages=20, by="latex", complaints=(), main_pages=12)

    exported(tmp_path, "icml", mode="submission", typesetter=Long())
    degraded = json.loads((tmp_path / "degraded.json").read_text())
    assert any("takes 12 pages; icml takes 8" in note for note in degraded)
    assert any("no official style was found" in note for note in degraded)


class Counting(small.CannedTypesetter):  # type: ignore[name-defined,misc]
    """Takes one page less of main text for each figure that stands in the appendix."""

    def __init__(self, pages: int) -> None:
        self.pages = pages
        self.seen: list[str] = []
        self.typst: list[str] = []

    def typeset(self, tex: str, typst: str, bib: str, figures: dict[str, bytes]) -> Typeset:
        self.seen.append(tex)
        self.typst.append(typst)
        main = self.pages - tex.partition("\\rcappendix")[2].count("\\begin{figure")
        return Typeset(pdf=b"%PDF", pages=20, by="latex", complaints=(), main_pages=main)


@pytest.mark.parametrize("mode", ["preprint", "submission"])
def test_a_figure_gives_way_where_that_keeps_to_the_limit_of_pages(tmp_path: Path, mode: str) -> None:
    folder = exported(tmp_path, "neurips", kind="seed_dots", mode=mode, typesetter=(typesetter := Counting(10)))
    main, _, appendix = (folder / "paper.tex").read_text().partition("\\rcappendix")
    assert len(typesetter.seen) == 2
    assert "\\begin{figure}" not in main
    assert "\\label{fig:difference_forest}" in appendix
    assert "Figure~\\ref{fig:difference_forest} in~Appendix~\\ref{sec:appendix_cost}" in main
    assert "in~Appendix" not in appendix
    draft, *_ = (folder / "paper_draft.md").read_text().partition("\n## References")
    assert "@fig:difference_forest in @sec:appendix_cost" in draft.partition("{#sec:appendix_")[0]
    assert print_markdown(parse(draft)) == draft
    assert (
        '#ref(<fig:difference_forest>, supplement: [Figure]);#" in ";#ref(<sec:appendix_cost>, supplement: [Appendix]);'
        in (typesetter.typst[-1])
    )
    assert not any("takes 10 pages" in note for note in json.loads((tmp_path / "degraded.json").read_text()))
    assert not [check for check in audit(folder) if not check.passed]


def test_figures_stay_where_moving_them_does_not_help_and_the_warning_is_loud(tmp_path: Path) -> None:
    folder = exported(tmp_path, "neurips", kind="seed_dots", mode="preprint", typesetter=Counting(12))
    assert "\\begin{figure}" in (folder / "paper.tex").read_text().partition("\\rcappendix")[0]
    notes = json.loads((tmp_path / "degraded.json").read_text())
    assert any("takes 12 pages; neurips takes 9 for a submission" in note for note in notes)


@needs_latex
def test_the_pages_of_the_main_text_are_counted(tmp_path: Path) -> None:
    class Noting(Typesetter):
        def typeset(self, tex: str, typst: str, bib: str, figures: dict[str, bytes]) -> Typeset:
            self.made = super().typeset(tex, typst, bib, figures)
            return self.made

    typesetter = Noting("latex")
    exported(tmp_path, "neurips", mode="submission", typesetter=typesetter)
    assert typesetter.made.main_pages == 2
    assert typesetter.made.pages > 1
    assert not [line for line in typesetter.made.complaints if line.startswith("overfull")]


def test_figures_are_asked_for_in_the_width_that_they_will_have(tmp_path: Path) -> None:
    widths = {}
    for venue in VENUES:
        illustrator = Illustrator()
        exported(tmp_path / venue, venue, illustrator=illustrator, typesetter=small.CannedTypesetter())
        widths[venue] = illustrator.widths
    assert widths == {"neurips": [5.5], "icml": [3.25], "iclr": [5.5], "plain": [6.0]}
    wide = json.loads((shipped("templates") / "paper/icml/layout.json").read_text())["wide"]
    assert "learning_curves" in wide


def found(venue: str, **brief: Any) -> str:
    outputs = small.record()
    outputs[Brief] = outputs[Brief].model_copy(update=brief)
    record = paper_outline.record_of(small.inputs_of(paper_outline.Inputs, outputs), small.context(Path("unused")))
    asked = statements(venue, parse(small.MARKDOWN), record)  # type: ignore[arg-type]
    document = parse(f"{small.MARKDOWN}\n{statements_markdown(asked)}")
    assert [section.id for section in document.sections if section.id.startswith(STATEMENT)] == [f"{STATEMENT}{s.id}" for s in asked]
    assert statements_markdown(asked).count(OPEN) == sum(len(statement.open) for statement in asked)
    return statements_markdown(asked)


def test_the_neurips_checklist_has_sixteen_items_each_answered_from_the_record_or_left_to_the_authors() -> None:
    text = found("neurips")
    assert len(re.findall(r"^\d+\. \*\*", text, re.MULTILINE)) == 16
    assert len(re.findall(r"Answer: \*\*(Yes|No|NA)\.\*\*", text)) == 11
    assert "no language model" in text


def test_statements_follow_the_record() -> None:
    assert "language model gpt-x" in found("iclr", researcher="gpt-x")
    assert "no language model" in found("iclr")
    assert OPEN in found("icml")
    assert found("plain") == ""


def test_authors_are_read_from_one_line() -> None:
    one, two = authors_of((LINE,))
    assert (one.name, one.affiliation, two.name) == ("A. One", "Institute of Facts", "B. Two")
    shared = front_matter("icml", "final", ("A (X); B (X)",), None)
    assert shared.block.count("{1}") == 2
    assert shared.affiliations == "\\textsuperscript{1}X."
