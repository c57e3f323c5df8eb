"""Stage 20: check the manuscript by rules that no score can lift, then let a person decide; the text is frozen here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from stages.contracts import (
    ChangeAnswer,
    Check,
    CitationSupport,
    FigureSpec,
    GateQuestion,
    KnowledgeCards,
    Manuscript,
    QualityReport,
    Reviews,
    RevisedManuscript,
)
from stages.errors import ManuscriptRefused
from stages.g_writing import paper_outline
from stages.g_writing.against_record import claims, faults
from stages.g_writing.claims import sentences
from stages.g_writing.document import Document, Reference, cited_keys, inlines, labels
from stages.g_writing.markdown import parse
from stages.g_writing.record import PaperRecord
from stages.g_writing.values import render_values
from stages.h_finalization.references.judging import judged, with_judgements
from stages.h_finalization.references.support import supported_sentences
from stages.h_finalization.rendering import template_of
from stages.h_finalization.statements import statements
from stages.ports import Context

NUMBER = 20
ABSTRACT_WORDS = (80, 280)
FRAME_WORDS = 1600
"""Fewest words of a paper before its first finding: question, related work, method, setup and limitations. A guess: papers by rule
have 2,206 words and more (500 canned studies of the shipped factors, 2026-11), and a person writes more tightly."""
FINDING_WORDS = 180
"""Fewest further words for each hypothesis that was put to the test: prediction, result, verdict and meaning. A guess."""
PAPER_WORDS = (2500, 6000)
"""Of the text before the references, a value counting as one word. Below, the sections of a study of five findings or more are thin,
and of a smaller one below `fewest_words`; above, no venue's main text holds it."""
FEWEST_REFERENCES = 20
FEWEST_FIGURES = 3
FEWEST_TABLES = 2


class Inputs(paper_outline.Inputs):
    cards: KnowledgeCards
    reviews: Reviews
    revised: RevisedManuscript


def run(inputs: Inputs, ctx: Context) -> QualityReport:
    """Every check with its outcome; export refuses a manuscript that does not pass them all."""
    record = paper_outline.record_of(inputs, ctx)
    manuscript = inputs.revised.manuscript
    document = parse(manuscript.markdown, manuscript.authors)
    checks = (*text_checks(document, manuscript.figures, record), _answers(inputs.reviews, inputs.revised.answers))
    support = supported_sentences(document, record.works, inputs.cards.cards)
    read = judged(ctx, support)
    return QualityReport(
        checks=checks,
        passed=all(check.passed for check in checks),
        for_a_person=(
            *_for_a_person(inputs.reviews, inputs.revised.answers),
            *_doubtful(with_judgements(support, read)),
            *_open_statements(document, record, ctx),
            *_bound(manuscript),
        ),
        manuscript_sha256=manuscript_sha256(manuscript),
        support=read,
    )


def manuscript_sha256(manuscript: Manuscript) -> str:
    """Hash of all that is frozen: title, text and figures; who signs it is said at the export."""
    return hashlib.sha256(manuscript.model_dump_json(exclude={"authors"}).encode()).hexdigest()


def question(output: QualityReport) -> GateQuestion:
    """What the person who approves the text has to know."""
    lines = [f"- {'passed' if check.passed else '**failed**'}: {check.name}: {check.detail}" for check in output.checks]
    verdict = (
        "All mechanical checks passed."
        if output.passed
        else "Some checks failed. Approving does not lift them: the export refuses the text. Reject with what should change."
    )
    decide = [f"- {item}" for item in output.for_a_person] or ["- Nothing beyond the text itself."]
    body = "\n".join([verdict, "", *lines, "", "For you to decide:", "", *decide, "", f"Text: {output.manuscript_sha256[:16]}"])
    return GateQuestion(stage=NUMBER, title="Is the paper ready to be exported?", body=body)


def text_checks(document: Document, figures: tuple[FigureSpec, ...], record: PaperRecord) -> tuple[Check, ...]:
    """The checks of a manuscript against its record."""
    return (
        _values(document, record),
        _language(document, figures, record),
        _claims(document, record),
        _citations(document, record),
        _floats(document),
        _sections(document),
        _length(document, record),
    )


def _check(name: str, wrong: list[str], fine: str) -> Check:
    return Check(name=name, passed=not wrong, detail="; ".join(wrong) if wrong else fine)


def _values(document: Document, record: PaperRecord) -> Check:
    try:
        _, printed = render_values(document, record.results)
    except ManuscriptRefused as error:
        return Check(name="values", passed=False, detail=str(error))
    return Check(name="values", passed=True, detail=f"{len(printed)} printed values are looked up in the record")


def _language(document: Document, figures: tuple[FigureSpec, ...], record: PaperRecord) -> Check:
    gates = [finding.message for finding in faults(document, figures, record) if finding.gate]
    return _check("language", gates, "no numeral, claim word or wording that the rules refuse")


def _claims(document: Document, record: PaperRecord) -> Check:
    table = claims(document, record)
    wrong = [f"{claim.verdict}: {claim.sentence} ({claim.reason})" for claim in table if claim.verdict != "supported"]
    return _check("claims", wrong, f"{len(table)} comparing sentences say what the record says")


def _citations(document: Document, record: PaperRecord) -> Check:
    cited = cited_keys(document)
    wrong = [f"{key} is not on the shortlist" for key in cited if key not in record.citable]
    if len(cited) < FEWEST_REFERENCES <= len(record.works):
        wrong.append(f"only {len(cited)} of {len(record.works)} works on the shortlist are cited; {FEWEST_REFERENCES} are asked for")
    return _check("citations", wrong, f"{len(cited)} cited works, all on the shortlist")


def _floats(document: Document) -> Check:
    known = labels(document)
    targets = {inline.target for _, inline in inlines(document) if isinstance(inline, Reference)}
    floats = {label for label in known if label.startswith(("fig:", "tbl:"))}
    wrong = [f"{target} is referred to and does not exist" for target in sorted(targets - known)]
    wrong += [f"{label} is never referred to" for label in sorted(floats - targets)]
    for prefix, name, fewest in (("fig:", "figures", FEWEST_FIGURES), ("tbl:", "tables", FEWEST_TABLES)):
        count = sum(label.startswith(prefix) for label in floats)
        if count < fewest:
            wrong.append(f"{count} {name}; at least {fewest} are asked for")
    return _check("figures and tables", wrong, f"{len(floats)} floats, each referred to")


def _sections(document: Document) -> Check:
    present = {section.id: section for section in document.sections}
    wrong = [f"no section {title!r}" for name, title in paper_outline.SECTIONS if name != "abstract" and name not in present]
    wrong += [f"the section {section.title!r} is empty" for section in document.sections if _is_empty(document, section.id)]
    titles = [section.title.lower() for section in document.sections]
    wrong += [f"two sections are called {title!r}" for title in sorted({title for title in titles if titles.count(title) > 1})]
    return _check("sections", wrong, f"{len(present)} sections, none empty")


def _is_empty(document: Document, name: str) -> bool:
    """Without text of its own and without a subsection right after it."""
    place = next(number for number, section in enumerate(document.sections) if section.id == name)
    section = document.sections[place]
    following = document.sections[place + 1 : place + 2]
    return not section.blocks and not any(later.level > section.level for later in following)


def fewest_words(record: PaperRecord) -> int:
    """What a text needs for this study: a small one has less to say, and nothing is said to fill a page."""
    found = (record.results.comparisons.get(finding.comparison, {}).get(record.results.metric.name) for finding in record.findings)
    tested = sum(comparison is not None and comparison.ci95_low is not None for comparison in found)
    return min(PAPER_WORDS[0], FRAME_WORDS + FINDING_WORDS * tested)


def _length(document: Document, record: PaperRecord) -> Check:
    appendix = {f"sec:{section.id}" for section in document.sections if section.appendix}
    text = [sentence for sentence in sentences(document, captions=False) if sentence.place not in appendix]
    abstract = sum(_words(sentence.markdown) for sentence in text if sentence.place == "abstract")
    whole = sum(_words(sentence.markdown) for sentence in text)
    wrong = []
    for name, count, (least, most) in (
        ("abstract", abstract, ABSTRACT_WORDS),
        ("text", whole, (fewest_words(record), PAPER_WORDS[1])),
    ):
        if not least <= count <= most:
            wrong.append(f"the {name} has {count} words; {least} to {most} are asked for")
    return _check("length", wrong, f"abstract {abstract} words, text {whole} words")


def _words(markdown: str) -> int:
    return len(re.sub(r"\{\{[^{}]*\}\}|\$[^$]*\$", "value", markdown).split())


def _answers(reviews: Reviews, answers: tuple[ChangeAnswer, ...]) -> Check:
    given = {answer.id: answer for answer in answers}
    wrong = [f"{weakness.id} was not answered" for weakness in reviews.required if weakness.id not in given]
    wrong += [f"{answer.id} was answered without a word" for answer in answers if not answer.answer.strip()]
    done = sum(answer.done for answer in answers)
    return _check(
        "required changes", wrong, f"{len(reviews.required)} required, {done} made, {len(answers) - done} refused with a reason"
    )


def _bound(manuscript: Manuscript) -> Iterator[str]:
    """What was written with typed numbers and stands by reference now."""
    yield from (f"typed numbers were put by reference in {one.place}: {one.bound} (written: {one.typed})" for one in manuscript.bound)


def _open_statements(document: Document, record: PaperRecord, ctx: Context) -> Iterator[str]:
    """What the venue's statements leave to the authors."""
    for statement in statements(template_of(ctx.templates).venue, document, record):
        yield from (f"the paper says 'to be answered by the authors' at {item}" for item in statement.open)


def _doubtful(support: tuple[CitationSupport, ...]) -> Iterator[str]:
    """Citing sentences that may not be about what the work says."""
    for entry in support:
        if entry.doubtful:
            why = f"{entry.judgement.verdict}: {entry.judgement.reason}" if entry.judgement else "no distinctive word in common"
            yield f"read the sentence that cites {entry.key} in {entry.place} ({why}): {' '.join(entry.sentence.split())}"


def _for_a_person(reviews: Reviews, answers: tuple[ChangeAnswer, ...]) -> Iterator[str]:
    asked = {weakness.id: weakness for weakness in reviews.required}
    for answer in answers:
        if not answer.done:
            what = asked[answer.id].text if answer.id in asked else "guidance"
            yield f"{answer.id} was not done ({what}): {answer.answer}"
    for review in reviews.reviews:
        for weakness in review.weaknesses:
            if weakness.severity == "major" and weakness.id not in asked:
                yield f"{weakness.id} is called major and no change is required: {weakness.text}"
