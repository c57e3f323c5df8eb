"""The first reviewer: rules over the manuscript and the record, no opinion."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.contracts import Review, Weakness
from stages.g_writing.claims import COMPARISON, Claim, Sentence
from stages.g_writing.document import Document, ValueRef, cited_keys, inlines
from stages.g_writing.lint import Finding
from stages.g_writing.record import PaperRecord

REVIEWER = "mechanical"
FEWEST_REFERENCES = 20
"""The study's own bar; published papers of this length cite 14 to 21 works per 1,000 words."""
RECENT_YEARS = 5
RESULT_PLACES = ("sec:result", "sec:ablation", "tbl:", "fig:")
"""Where a value of the abstract must stand as well."""


FEWEST_COMPARED = 2
"""Conditions of a table of means from which on it is a comparison."""
_MEAN = re.compile(r"([a-z]\w*)\.\w+\.mean")
_SEEDS = re.compile(r"^\s*(?:cfg\.seeds\b|pairs\s*\(|\w+\.\w+\.n\s*$)")


def mechanical_review(
    document: Document,
    sentences: tuple[Sentence, ...],
    claims: tuple[Claim, ...],
    findings: tuple[Finding, ...],
    record: PaperRecord,
) -> Review:
    """Every weakness that a rule can name, each with its sentence, table or figure."""
    weaknesses = (
        *_of_lint(findings),
        *_of_claims(claims),
        *_of_conditions(document, sentences, record),
        *_of_tables(document, record),
        *_of_seeds(sentences),
        *_of_references(document, sentences, record),
        *_of_abstract(document, sentences, record),
    )
    numbered = tuple(weakness.model_copy(update={"id": f"mechanical_{number}"}) for number, weakness in enumerate(weaknesses, 1))
    supported = sum(claim.verdict == "supported" for claim in claims)
    strengths = [f"{supported} of {len(claims)} comparing sentences say what the record says."]
    if not findings:
        strengths.append("The checks of language and numerals found nothing.")
    return Review(
        reviewer=REVIEWER,
        summary=(
            "This review was made by rules over the manuscript and the record: values and claims, conditions and ablations, "
            "references, floats, and the abstract against the results. It gives no scores."
        ),
        strengths=tuple(strengths),
        weaknesses=numbered,
    )


def _weakness(quote: str, text: str, *, change: str | None, severity: str = "major") -> Weakness:
    return Weakness.model_validate(
        {"id": "unnumbered", "reviewer": REVIEWER, "quote": quote, "text": text, "severity": severity, "required_change": change}
    )


def _of_claims(claims: tuple[Claim, ...]) -> Iterator[Weakness]:
    for claim in claims:
        if claim.verdict == "contradicted":
            yield _weakness(
                claim.sentence, f"The sentence contradicts the record: {claim.reason}.", change="Say what the record says."
            )
        elif claim.verdict == "untested":
            yield _weakness(
                claim.sentence,
                f"The sentence compares what was never tested: {claim.reason}.",
                change="Take the comparison out, or compare conditions that were tested.",
            )


def _of_conditions(document: Document, sentences: tuple[Sentence, ...], record: PaperRecord) -> Iterator[Weakness]:
    """Every condition that was run is named or has its values printed, and it is said what each ablation removes."""
    if not sentences:
        return
    text = " ".join(sentence.words for sentence in sentences).lower()
    in_results = (sentence for sentence in sentences if sentence.place.startswith("sec:result"))
    anchor = next(in_results, sentences[0]).markdown
    if not any(condition.role == "baseline" for condition in record.results.conditions.values()):
        yield _weakness(
            anchor, "No baseline was measured, so no comparison has a reference.", change="Say that no baseline was measured."
        )
    expressions = " ".join(part.expression for _, part in inlines(document) if isinstance(part, ValueRef))
    valued = set(re.findall(r"[a-z]\w*", expressions)) & record.results.conditions.keys()
    of_baseline = {"baseline", *(level.label.lower() for factor in record.factors for level in factor.levels if level.is_baseline)}
    for name, condition in record.results.conditions.items():
        called = {condition.label.lower(), *(of_baseline if condition.role == "baseline" else ())}
        if name not in valued and not any(label in text for label in called):
            yield _weakness(
                anchor,
                f"The condition {condition.label!r} was measured and is never named in the text.",
                change=f"Name the condition {condition.label!r} and report its values ({name}).",
            )
    for contrast in record.plan.conditions:
        if contrast.role == "ablation" and contrast.removes and contrast.removes.lower() not in text:
            yield _weakness(
                anchor,
                f"The ablation {contrast.label!r} is reported without saying that it removes {contrast.removes}.",
                change=f"Say that the ablation {contrast.label!r} removes {contrast.removes}.",
            )
    if not any(contrast.role == "ablation" for contrast in record.plan.conditions):
        yield _weakness(anchor, "No component is ablated, so an effect cannot be traced to one.", change=None, severity="minor")


def _of_tables(document: Document, record: PaperRecord) -> Iterator[Weakness]:
    """Means stand beside the baseline's: the table with the most conditions holds it."""
    baseline = next((name for name, condition in record.results.conditions.items() if condition.role == "baseline"), None)
    tables: dict[str, set[str]] = {}
    for place, inline in inlines(document):
        if place.startswith("tbl:") and isinstance(inline, ValueRef) and (mean := _MEAN.fullmatch(inline.expression.strip())):
            tables.setdefault(place.partition("[")[0], set()).add(mean[1])
    if baseline is None or not tables:
        return
    label, shown = max(tables.items(), key=lambda table: len(table[1]))
    if len(shown) >= FEWEST_COMPARED and baseline not in shown:
        yield _weakness(
            label, "The table of means leaves out the baseline.", change=f"Give the baseline's values ({baseline}) in {label}."
        )


def _of_seeds(sentences: tuple[Sentence, ...]) -> Iterator[Weakness]:
    """Somewhere it is said over how many seeds the values are."""
    values = [part.expression for sentence in sentences for part in sentence.content if isinstance(part, ValueRef)]
    if sentences and not any(_SEEDS.search(expression) for expression in values):
        results = next((sentence for sentence in sentences if sentence.place.startswith("sec:result")), sentences[0])
        yield _weakness(
            results.markdown,
            "Nowhere is it said over how many seeds the values are.",
            change="Say it, by the key {{cfg.seeds|words}}.",
        )


def _of_references(document: Document, sentences: tuple[Sentence, ...], record: PaperRecord) -> Iterator[Weakness]:
    if not sentences:
        return
    cited = set(cited_keys(document))
    related = next((s for s in sentences if s.place == "sec:related_work"), sentences[0]).markdown
    if strangers := sorted(cited - record.citable):
        yield _weakness(
            related, f"Cited without being on the shortlist: {', '.join(strangers)}.", change="Cite works of the shortlist only."
        )
    if len(cited) < FEWEST_REFERENCES:
        yield _weakness(related, f"Only {len(cited)} works are cited.", change=None, severity="minor")
    years = [work.year for work in record.works if work.key in cited]
    newest = max((work.year for work in record.works), default=0)
    if years and max(years) < newest - RECENT_YEARS:
        yield _weakness(
            related,
            f"The newest cited work is of {max(years)}; the search brought up works up to {newest}.",
            change=None,
            severity="minor",
        )


def _of_abstract(document: Document, sentences: tuple[Sentence, ...], record: PaperRecord) -> Iterator[Weakness]:
    """The abstract states the primary comparison, and no number that the results do not hold."""
    abstract = [sentence for sentence in sentences if sentence.place == "abstract"]
    if not abstract or not record.hypotheses.hypotheses:
        return
    primary = record.hypotheses.hypotheses[0]
    pair = {primary.treatment, primary.reference}
    if not any({match["a"], match["b"]} == pair for sentence in abstract for match in COMPARISON.finditer(sentence.markdown)):
        yield _weakness(
            abstract[-1].markdown,
            "The abstract does not say what came of the primary comparison.",
            change="State the primary comparison in the abstract.",
        )
    in_results = {
        inline.expression.replace(" ", "")
        for place, inline in inlines(document)
        if isinstance(inline, ValueRef) and place.startswith(RESULT_PLACES)
    }
    for sentence in abstract:
        for part in sentence.content:
            if isinstance(part, ValueRef) and part.expression.startswith(("diff", "absdiff", "rel", "absrel", "ci_", "test")):
                expression = part.expression.replace(" ", "")
                if expression not in in_results:
                    yield _weakness(
                        sentence.markdown,
                        f"The abstract prints {expression}, which the results never show.",
                        change=f"Report {expression} in the results.",
                        severity="minor",
                    )


def _of_lint(findings: tuple[Finding, ...]) -> Iterator[Weakness]:
    """Gates must be mended wherever they stand; what is only major need not be in lists and tables of the appendix."""
    for finding in findings:
        must = finding.gate or (finding.severity == "major" and not finding.place.startswith("sec:appendix"))
        change = f"Mend the {finding.rule}: {finding.text}."
        if finding.rule == "float":
            change = f"Refer to @{finding.quote} where its content is discussed."
        yield _weakness(
            finding.quote, f"{finding.place}: {finding.text}.", change=change if must else None, severity="major" if must else "minor"
        )
