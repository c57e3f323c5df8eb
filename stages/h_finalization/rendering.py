"""The paper in all its forms from one manuscript: what the export writes and what every later check writes again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pydantic import Field, TypeAdapter

from stages.contracts import Contract, FigureSpec, Manuscript, OfficialStyle, PaperMode, Results, Slug, Work
from stages.errors import ManuscriptRefused, SettingsError
from stages.g_writing.document import (
    STATEMENT,
    Block,
    Document,
    Figure,
    Inline,
    Inlines,
    Reference,
    Section,
    Text,
    cited_keys,
    rewrite,
)
from stages.g_writing.markdown import parse, print_markdown
from stages.g_writing.values import PrintedValue, render_values
from stages.h_finalization.bibliography import pages_of, references_bib, volume_of
from stages.h_finalization.front_matter import front_matter
from stages.h_finalization.latex import PaperTemplate, render_latex
from stages.h_finalization.statements import Statement, statements_markdown

_PROVENANCE = TypeAdapter(tuple[PrintedValue, ...])


class Edition(Contract):
    """How the paper was set: enough to set it again without the program's own files."""

    template: PaperTemplate
    notice: str
    called: dict[Slug, tuple[str, ...]] = Field(description="Names of conditions in the text beside their labels.")
    mode: PaperMode = "preprint"
    statements: tuple[Statement, ...] = Field(default=(), description="What the venue asks for after the text.")
    official: OfficialStyle | None = Field(default=None, description="The venue's own style; None: the layout is ours.")
    moved: tuple[str, ...] = Field(default=(), description="Figures that stand in the appendix because the main text was too long.")


class Rendered(Contract):
    """One manuscript in its delivered forms."""

    document: Document
    draft: str
    tex: str
    bib: str
    works: tuple[Work, ...]
    provenance: tuple[PrintedValue, ...]


def render(manuscript: Manuscript, results: Results, works: Sequence[Work], edition: Edition) -> Rendered:
    """Every form of the paper.

    works: those that may be cited; only the cited ones enter the references.
    Raises:
        ManuscriptRefused: a value without a record, or a citation without a work.
    """
    asked = statements_markdown(edition.statements)
    whole = parse(f"{manuscript.markdown.rstrip()}\n\n{asked}" if asked else manuscript.markdown, manuscript.authors)
    if edition.mode == "submission":
        kept = tuple(section for section in whole.sections if section.id not in _THANKS)
        whole = whole.model_copy(update={"sections": kept})
    printed, provenance = render_values(whole, results)
    document = _with_figures_behind(printed, {figure.id: figure.kind for figure in manuscript.figures if figure.id in edition.moved})
    by_key = {work.key: work for work in works}
    keys = cited_keys(document)
    if strangers := [key for key in keys if key not in by_key]:
        raise ManuscriptRefused(f"cited without a confirmed work: {', '.join(strangers)}; cite works of the shortlist")
    cited = tuple(by_key[key] for key in sorted(keys))
    return Rendered(
        document=document,
        draft=readable_draft(document, cited),
        tex=render_latex(
            _placed(document, manuscript.figures, edition.template),
            edition.template,
            notice=edition.notice,
            front=front_matter(edition.template.venue, edition.mode, manuscript.authors, edition.official),
            last=frozenset(f"{STATEMENT}{item.id}" for item in edition.statements if item.last),
        ),
        bib=references_bib(cited),
        works=cited,
        provenance=provenance,
    )


_THANKS = ("acknowledgements", "acknowledgments")
"""Sections that would name the authors' friends and funds."""


def _placed(document: Document, figures: Sequence[FigureSpec], template: PaperTemplate) -> Document:
    """The document with every figure over as many columns as its kind needs."""
    kinds = {figure.id: figure.kind for figure in figures}

    def placed(block: Block) -> Block:
        if isinstance(block, Figure) and kinds.get(block.id) in template.wide:
            return block.model_copy(update={"width": "full"})
        return block

    sections = tuple(
        section.model_copy(update={"blocks": tuple(placed(block) for block in section.blocks)}) for section in document.sections
    )
    return document.model_copy(update={"sections": sections})


_BEHIND = {"cost_quality": "appendix_cost"}
"""Kind of figure -> the appendix that takes it; any other goes to that of the values."""
_VALUES = "appendix_seeds"


def _with_figures_behind(document: Document, moved: Mapping[str, str]) -> Document:
    """The document with these figures at the end of an appendix, and with the appendix named where the main text refers to them.

    moved: figure -> its kind.
    """
    figures = [block for section in document.sections for block in section.blocks if isinstance(block, Figure) and block.id in moved]
    if not figures:
        return document
    appendices = [section.id for section in document.sections if section.appendix]
    homes = {
        figure.id: next(name for name in (_BEHIND.get(moved[figure.id], _VALUES), _VALUES, appendices[-1]) if name in appendices)
        for figure in figures
    }

    def kept(section: Section) -> Section:
        blocks = tuple(block for block in section.blocks if block not in figures)
        return section.model_copy(
            update={"blocks": (*blocks, *(figure for figure in figures if section.appendix and homes[figure.id] == section.id))}
        )

    here = document.model_copy(update={"sections": tuple(kept(section) for section in document.sections)})

    def told(place: str, inline: Inline) -> Inline | Inlines:
        if isinstance(inline, Reference) and (home := homes.get(inline.target.removeprefix("fig:"))) is not None:
            return inline, Text(text=" in "), Reference(target=f"sec:{home}")
        return inline

    # As words of the document, so that every form of the paper says it; within the appendices it is no news.
    named = rewrite(here, told)
    sections = tuple(old if old.appendix else new for old, new in zip(here.sections, named.sections, strict=True))
    return named.model_copy(update={"sections": sections})


def movable(document: Document, figures: Sequence[FigureSpec]) -> tuple[str, ...]:
    """Figures of the main text that it can do without, the least needed first; none where no appendix would take them."""
    if not any(section.appendix for section in document.sections):
        return ()
    main = {block.id for section in document.sections if not section.appendix for block in section.blocks if isinstance(block, Figure)}
    return tuple(figure.id for kind in LEAST_NEEDED for figure in figures if figure.kind == kind and figure.id in main)


LEAST_NEEDED = ("cost_quality", "seed_dots", "ablation_forest")
"""Kinds of figure whose values stand in a table as well, in the order in which they give way to a limit of pages."""


def figure_width_in(figure: FigureSpec, template: PaperTemplate) -> float:
    """The width that the figure has on the page."""
    return template.text_in if figure.kind in template.wide else template.column_in


def readable_draft(document: Document, works: Sequence[Work]) -> str:
    """paper_draft.md: the text with its values printed and the works that it cites."""
    return print_markdown(document) + "\n## References\n\n" + "".join(f"- {_reference(work)}\n" for work in works)


def _reference(work: Work) -> str:
    authors = ", ".join(work.authors) + (" and others" if work.authors_truncated else "")
    known = [f"doi:{work.doi}" if work.doi else "", f"arXiv:{work.arxiv_id}" if work.arxiv_id else ""]
    where = ", ".join(filter(None, known)) or work.url or ""
    pages = "\u2013".join(pages_of(work))
    venue = " ".join(filter(None, (work.venue, volume_of(work)))) + (f", {pages}" if pages else "")
    return f"@{work.key}: {authors} ({work.year}). {work.title}." + (f" {venue}." if venue else "") + (f" {where}" if where else "")


def provenance_json(provenance: Sequence[PrintedValue]) -> str:
    """provenance.json: one entry for each printed value, in reading order."""
    return json.dumps([value.model_dump() for value in provenance], indent=1, ensure_ascii=False) + "\n"


def read_provenance(text: bytes) -> tuple[PrintedValue, ...]:
    """The entries of provenance.json.

    Raises:
        ValidationError: it is not a list of printed values.
    """
    return _PROVENANCE.validate_json(text)


def template_of(templates: Mapping[str, str], *, official: bool = False) -> PaperTemplate:
    """The one layout among the templates: paper/<venue>/layout.json and frame.tex, and the one style below paper/.

    official: the frame for the venue's own style, official.tex, instead.

    The wiring passes the layout of the chosen venue only.
    Raises:
        SettingsError: there is no layout or style, or more than one.
    """
    layout, style = _only(templates, "/layout.json"), _only(templates, ".sty")
    return PaperTemplate.model_validate(
        {
            **json.loads(templates[layout]),
            "frame": templates[layout.replace("layout.json", "official.tex" if official else "frame.tex")],
            "style_file": style.rpartition("/")[2],
            "style": templates[style],
        }
    )


def _only(templates: Mapping[str, str], ending: str) -> str:
    found = sorted(path for path in templates if path.startswith("paper/") and path.endswith(ending))
    if len(found) != 1:
        raise SettingsError(f"export.venue: one paper/…{ending} is needed, there are {len(found)}: {', '.join(found) or 'none'}")
    return found[0]
