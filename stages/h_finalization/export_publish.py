"""Stage 22: build the deliverables from the frozen text and the record, and publish them as one folder."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from stages.contracts import (
    STRONG_ISOLATION,
    Archive,
    Deliverables,
    ExperimentPlan,
    FigureSpec,
    KnowledgeCards,
    Manuscript,
    PaperMode,
    QualityReport,
    Reviews,
    RevisedManuscript,
    RunRecord,
    Work,
)
from stages.errors import ManuscriptRefused
from stages.f_analysis.results import dump_results
from stages.g_writing import paper_outline
from stages.g_writing.against_record import called
from stages.g_writing.document import Document, Figure, blocks
from stages.g_writing.markdown import parse
from stages.h_finalization.checks import CARD_LIST, CARDS, EDITION, MANUSCRIPT, PLAN, WORK_LIST, WORKS, untraced
from stages.h_finalization.front_matter import signed, usable
from stages.h_finalization.manifest import MANIFEST, delivered, manifest_bytes
from stages.h_finalization.quality_gate import manuscript_sha256
from stages.h_finalization.recomputed import INDEX, RUNS, delivered_run
from stages.h_finalization.references.judging import with_judgements
from stages.h_finalization.references.support import supported_sentences, with_support
from stages.h_finalization.rendering import Edition, Rendered, figure_width_in, movable, provenance_json, render, template_of
from stages.h_finalization.reports import ReviewRecord, code_files, reproduce_markdown, reviews_markdown
from stages.h_finalization.ro_crate import METADATA, ro_crate
from stages.h_finalization.statements import RULE_BASED, statements
from stages.h_finalization.typst_source import render_typst
from stages.ports import Context, Drawing, Typeset

logger = logging.getLogger(__name__)


class Inputs(paper_outline.Inputs):
    cards: KnowledgeCards
    reviews: Reviews
    revised: RevisedManuscript
    quality: QualityReport
    archive: Archive


def run(inputs: Inputs, ctx: Context) -> Deliverables:
    """The published folder; a reader sees the old one or the whole new one.

    Raises:
        ManuscriptRefused: the text did not pass the quality gate, changed after it, prints a decimal without a record, or does
            not compile.
        SettingsError: there is no layout for the venue.
    """
    _refuse_unchecked(inputs)
    manuscript, results = signed(inputs.revised.manuscript, ctx.mode, ctx.author), inputs.analysis.results
    edition = edition_of(inputs, ctx)
    paper = render(manuscript, results, inputs.shortlist.works, edition)
    drawings = {figure.path.rpartition(".")[0]: _draw(figure, inputs, edition, ctx) for figure in _figures(paper.document)}
    typeset = _typeset(paper, edition, drawings, ctx)
    if _too_long(edition, typeset):
        edition, paper, typeset = _shortened(inputs, manuscript, (edition, paper, typeset), drawings, ctx)
    degraded = (*_degraded(inputs, typeset), *_short_of_the_venue(edition, typeset, ctx))

    files = {
        **_paper_files(paper, edition, typeset, drawings),
        **_record_files(inputs, manuscript, paper, edition, ctx),
        **code_files(inputs.bundle, inputs.refined, _runs(inputs)),
        "reproduce.md": reproduce_markdown(
            inputs.archive.reproduction, inputs.archive.lessons, degraded, written=inputs.bundle.generated is not None
        ).encode(),
    }
    _refuse_untraced(files, paper)
    ctx.shelf.begin()
    for path, content in files.items():
        ctx.shelf.put(path, content)
    files |= {path: ctx.shelf.get(path) for path in ctx.shelf.copy_runs()}
    files[METADATA] = ro_crate(
        files,
        title=paper.document.title,
        authors=paper.document.authors,
        date=ctx.date,
        works=paper.works,
        runs=_runs(inputs),
    )
    ctx.shelf.put(METADATA, files[METADATA])
    ctx.shelf.put(MANIFEST, manifest_bytes(files))
    ctx.shelf.publish()
    return Deliverables(files=delivered(files), typeset_by=typeset.by, pages=typeset.pages, degraded=degraded)


def _refuse_unchecked(inputs: Inputs) -> None:
    if not inputs.quality.passed:
        failed = "; ".join(f"{check.name}: {check.detail}" for check in inputs.quality.checks if not check.passed)
        raise ManuscriptRefused(
            f"the text did not pass the quality gate and is not exported ({failed}); revise it with --from-stage 19"
        )
    if manuscript_sha256(inputs.revised.manuscript) != inputs.quality.manuscript_sha256:
        raise ManuscriptRefused("the text changed after the quality gate; check it again with --from-stage 20")


def edition_of(inputs: Inputs, ctx: Context) -> Edition:
    """Layout, mode, notice and statements of this export."""
    record = paper_outline.record_of(inputs, ctx)
    manuscript = inputs.revised.manuscript
    official = ctx.official if usable(ctx.official, ctx.mode) else None
    template = template_of(ctx.templates, official=official is not None)
    return Edition(
        template=template,
        notice=_notice(inputs.brief.researcher, inputs.plan, ctx.mode),
        called=called(record),
        mode=ctx.mode,
        statements=statements(template.venue, parse(manuscript.markdown), record),
        official=official,
    )


_STATE = {"preprint": "Preprint. ", "submission": "Submission for double-blind review. ", "final": ""}


def _notice(researcher: str, plan: ExperimentPlan, mode: PaperMode) -> str:
    """What stands at the foot of page 1: the paper's state, who wrote it, and which choices it rests on."""
    tried = [condition.label for condition in plan.conditions if condition.role in ("treatment", "combination")]
    removed = [condition.removes for condition in plan.conditions if condition.removes]
    choices = [
        f"the baseline is compared with {_in_a_row(tried)}",
        *([f"{_in_a_row(removed)} taken out as the ablation"] if removed else []),
    ]
    who = f"a {researcher}" if RULE_BASED in researcher else f"the language model {researcher}"
    return (
        f"{_STATE[mode]}Planned, run and written by {who}; every number is looked up in the study's record. "
        f"It chose the comparisons: {', with '.join(choices)}."
    )


def _in_a_row(labels: Sequence[str]) -> str:
    """'a, b and c'; labels that hold an 'and' of their own are set apart by semicolons."""
    if len(labels) < 2 or any(" and " in label for label in labels):
        return "; ".join(labels)
    return f"{', '.join(labels[:-1])} and {labels[-1]}"


def limit_of(edition: Edition) -> int | None:
    """Pages of main text that the venue takes; a preprint is held to what its submission would be. None: no limit."""
    pages = edition.template.pages
    return pages.get(edition.mode) or pages.get("submission")


def _too_long(edition: Edition, typeset: Typeset) -> bool:
    limit = limit_of(edition)
    return limit is not None and typeset.main_pages is not None and typeset.main_pages > limit


def _short_of_the_venue(edition: Edition, typeset: Typeset, ctx: Context) -> Iterator[str]:
    """Where the paper is not yet what the venue takes; full sentences."""
    venue, limit = edition.template.venue, limit_of(edition)
    if _too_long(edition, typeset):
        kind = "submission" if edition.mode == "preprint" else f"{edition.mode} paper"
        yield f"The main text takes {typeset.main_pages} pages; {venue} takes {limit} for a {kind}. Shorten it before you submit."
    if limit is not None and edition.mode != "preprint" and typeset.main_pages is None:
        yield f"The pages of the main text could not be counted against the limit of {limit}; typeset it with LaTeX."
    if venue != "plain" and edition.official is None and edition.mode != "preprint":
        yield (
            f"The layout is our own with the measures of {venue}: no official style was found; "
            f"put the venue's style file into styles/ before you submit."
        )
    if ctx.official is not None and edition.official is None:
        yield f"{ctx.official.package}.sty has no preprint option and would claim a review, so the layout of our own was used."


def _figures(document: Document) -> Iterator[Figure]:
    return (block for _, block in blocks(document) if isinstance(block, Figure))


def _draw(figure: Figure, inputs: Inputs, edition: Edition, ctx: Context) -> Drawing:
    specification: FigureSpec | None = next((spec for spec in inputs.revised.manuscript.figures if spec.id == figure.id), None)
    if specification is None:
        raise ManuscriptRefused(f"the text shows the figure {figure.id}, which nobody specified; leave it out")
    width_in = figure_width_in(specification, edition.template)
    return ctx.illustrator.draw(specification, inputs.analysis.results, inputs.shortlist.counts, width_in)


def _typeset(paper: Rendered, edition: Edition, drawings: dict[str, Drawing], ctx: Context) -> Typeset:
    pictures = {f"{stem}.pdf": drawing.pdf for stem, drawing in drawings.items()}
    pictures |= {f"{stem}.png": drawing.png for stem, drawing in drawings.items()}
    style = _styles(edition)
    typst = render_typst(paper.document, notice=edition.notice)
    return ctx.typesetter.typeset(paper.tex, typst, paper.bib, {**pictures, **style})


def _shortened(
    inputs: Inputs,
    manuscript: Manuscript,
    whole: tuple[Edition, Rendered, Typeset],
    drawings: dict[str, Drawing],
    ctx: Context,
) -> tuple[Edition, Rendered, Typeset]:
    """The paper with as few figures in the appendix as bring the main text within its limit; as it was where none do."""
    names = movable(whole[1].document, manuscript.figures)
    for count in range(1, len(names) + 1):
        edition = whole[0].model_copy(update={"moved": names[:count]})
        paper = render(manuscript, inputs.analysis.results, inputs.shortlist.works, edition)
        typeset = _typeset(paper, edition, drawings, ctx)
        if not _too_long(edition, typeset):
            logger.info("%s moved to the appendix, so that the main text keeps to its limit of pages", ", ".join(names[:count]))
            return edition, paper, typeset
    return whole


def _styles(edition: Edition) -> dict[str, bytes]:
    """Our style, and the venue's own files where the user gave them."""
    official = edition.official.files if edition.official else ()
    return {file.name: file.text.encode() for file in official} | {edition.template.style_file: edition.template.style.encode()}


def _degraded(inputs: Inputs, typeset: Typeset) -> Iterator[str]:
    """What could not be had, in full sentences; all but the last are in the paper's appendix."""
    yield from inputs.schedule.deviations
    for outcome in inputs.candidates.outcomes:
        if not outcome.answered:
            yield f"The source {outcome.source} gave no answer ({outcome.reason or 'no reason was given'})."
        elif outcome.reason:
            yield f"The source {outcome.source} left queries unanswered ({outcome.reason})."
    for cited in inputs.shortlist.doubted:
        if cited.verdict == "not checked" and any(work.key == cited.key for work in inputs.shortlist.works):
            yield f"The record of {cited.key} could not be checked ({'; '.join(cited.evidence)}); the settings allow it to be cited."
    if not inputs.schedule.isolation.startswith(STRONG_ISOLATION):
        yield f"The runs had no sandbox around them (isolation: {inputs.schedule.isolation})."
    if typeset.by == "typst preview":
        yield "The PDF is a preview that was typeset without LaTeX; paper.tex is the reference."


def _paper_files(paper: Rendered, edition: Edition, typeset: Typeset, drawings: dict[str, Drawing]) -> dict[str, bytes]:
    files = {
        "paper_draft.md": paper.draft.encode(),
        "paper.tex": paper.tex.encode(),
        "paper.pdf": typeset.pdf,
        "references.bib": paper.bib.encode(),
        "provenance.json": provenance_json(paper.provenance).encode(),
        **_styles(edition),
    }
    for stem, drawing in drawings.items():
        files |= {f"{stem}.pdf": drawing.pdf, f"{stem}.png": drawing.png, f"{stem}.data.json": drawing.data_json.encode()}
    return files


def _record_files(inputs: Inputs, manuscript: Manuscript, paper: Rendered, edition: Edition, ctx: Context) -> dict[str, bytes]:
    """What an audit needs to write the paper again: results, frozen text, works, layout, plan, reviews, list of runs."""
    cited = {work.key for work in paper.works}
    cards = tuple(card for card in inputs.cards.cards if card.key in cited)
    document = parse(manuscript.markdown, manuscript.authors)
    support = with_judgements(supported_sentences(document, paper.works, cards), inputs.quality.support)
    reviews = ReviewRecord(
        reviews=inputs.reviews,
        answers=inputs.revised.answers,
        quality=inputs.quality,
        citations=with_support(ctx.library.verify(paper.works), support),
        support=support,
        cards=tuple(card for card in cards if card.text_source),
    )
    return {
        "results.json": dump_results(inputs.analysis.results).encode(),
        "reviews.json": _json(reviews.model_dump_json(indent=1)),
        "reviews.md": reviews_markdown(reviews, inputs.analysis.results).encode(),
        MANUSCRIPT: _json(manuscript.model_dump_json(indent=1)),
        WORKS: _json(WORK_LIST.dump_json(tuple(_without_abstract(work) for work in paper.works), indent=1).decode()),
        CARDS: _json(CARD_LIST.dump_json(cards, indent=1).decode()),
        EDITION: _json(edition.model_dump_json(indent=1)),
        PLAN: _json(inputs.plan.model_dump_json(indent=1)),
        INDEX: _json(RUNS.dump_json(tuple(delivered_run(run) for run in _runs(inputs)), indent=1).decode()),
    }


def _without_abstract(work: Work) -> Work:
    """Abstracts are third parties' texts: read, quoted from, and not passed on."""
    return work.model_copy(update={"abstract": None})


def _runs(inputs: Inputs) -> tuple[RunRecord, ...]:
    """The runs whose scores count: the reported ones and the confirmation."""
    return (*inputs.refined.runs, *inputs.refined.confirmation)


def _json(text: str) -> bytes:
    return f"{text}\n".encode()


def _refuse_untraced(files: dict[str, bytes], paper: Rendered) -> None:
    settings = (files[name].decode() for name in (PLAN, "results.json", "reproduce.md"))
    faults = list(untraced(paper.tex, (value.text for value in paper.provenance), settings))
    if faults:
        raise ManuscriptRefused(f"{faults[0]}; {len(faults)} in all; give each by its key")
