"""Which part of the record each section is written from: what a section does not need is not paid for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from stages.contracts import FigureSpec
from stages.g_writing.record import PaperRecord
from stages.g_writing.value_list import Family

Facts = Callable[[PaperRecord], Iterator[str]]


def _conditions(record: PaperRecord) -> Iterator[str]:
    usual = ", ".join(level.label for factor in record.factors for level in factor.levels if level.is_baseline)
    for contrast in record.plan.conditions:
        is_baseline = f", that is {usual}" if contrast.role == "baseline" and usual else ""
        yield f"condition {contrast.id} ({contrast.role}), called {contrast.label!r}{is_baseline}"


def _reasons(record: PaperRecord) -> Iterator[str]:
    for contrast in record.plan.conditions:
        yield f"what {contrast.id} shows: {contrast.reason}"
        if contrast.removes:
            yield f"{contrast.id} takes {contrast.removes} out of {contrast.ablates}"


def _background(record: PaperRecord) -> Iterator[str]:
    for factor in record.factors:
        yield f"{factor.label}: {factor.question}"
        yield from factor.background


def _hypotheses(record: PaperRecord) -> Iterator[str]:
    for hypothesis in record.hypotheses.hypotheses:
        yield f"hypothesis {hypothesis.id}, predicted {hypothesis.predicts}: {hypothesis.statement} {hypothesis.refuted_when}"


def _debate(record: PaperRecord) -> Iterator[str]:
    for hypothesis in record.hypotheses.hypotheses:
        for turn in hypothesis.debate:
            yield f"debate on {hypothesis.id}, {turn.role}: {turn.text}"


def _findings(record: PaperRecord) -> Iterator[str]:
    stated = {hypothesis.id: hypothesis for hypothesis in record.hypotheses.hypotheses}
    for finding in record.findings:
        of = stated[finding.hypothesis]
        pair = f"{of.treatment} against {of.reference}"
        yield f"finding on {of.id} ({pair}, predicted {of.predicts}): {finding.verdict}. {finding.reason}"


def _analysis(record: PaperRecord) -> Iterator[str]:
    yield from (f"plan, frozen before the runs: {line}" for line in (*record.plan.analysis, *record.plan.stopping_rules))


def _remarks(*analysts: str) -> Facts:
    def facts(record: PaperRecord) -> Iterator[str]:
        yield from (f"the {remark.analyst}: {remark.text}" for remark in record.remarks if remark.analyst in analysts)

    return facts


def _on_ablations(record: PaperRecord) -> Iterator[str]:
    ablations = {f"{pair.a}_vs_{pair.b}" for pair in record.plan.comparisons if pair.purpose == "ablation"}
    yield from (f"the {remark.analyst}: {remark.text}" for remark in record.remarks if remark.comparison in ablations)


def _literature(record: PaperRecord) -> Iterator[str]:
    for theme in record.synthesis.themes:
        yield f"theme {theme.title}: {', '.join(theme.keys)}"
    for agreement in record.synthesis.agreements:
        yield f"{agreement.kind}: {agreement.text} ({', '.join(agreement.keys)})"


def _gaps(record: PaperRecord) -> Iterator[str]:
    yield from (f"gap: {gap.text}" for gap in record.synthesis.gaps)


def _maker(record: PaperRecord) -> Iterator[str]:
    yield (
        f"how the paper was made, to be said in a last paragraph: the {record.researcher} read the question, planned the study and "
        "wrote the text; training runs were real; every value is printed from the stored results"
    )


def _choices(record: PaperRecord) -> Iterator[str]:
    yield from (f"choice made in reading the topic: {choice}" for choice in record.goal.choices)


def _apparatus(record: PaperRecord) -> Iterator[str]:
    yield f"{record.kit_title}: {record.kit_summary}"
    yield f"data: {record.corpus.name}"
    yield f"device: {record.device}; isolation: {record.isolation}"


def _trouble(record: PaperRecord) -> Iterator[str]:
    yield from (f"a run of {run.condition} failed: {run.reason}" for run in record.failed)
    yield from (f"repair: {repair}" for repair in record.repairs)
    yield from (f"departure from the plan: {deviation}" for deviation in record.deviations)


def _loop(record: PaperRecord) -> Iterator[str]:
    if record.attempts:
        yield f"an improvement loop started from {record.incumbent}; {record.stopped_because}"
        yield from (f"attempt: {attempt.change}: {attempt.verdict}" for attempt in record.attempts)


def _confounders(record: PaperRecord) -> Iterator[str]:
    yield from (f"could be mistaken for the effect: {text}" for factor in record.factors for text in factor.confounders)


def _practice(record: PaperRecord) -> Iterator[str]:
    yield from (f"practice: {text}" for factor in record.factors for text in factor.practice)


_FACTS: Mapping[str, tuple[Facts, ...]] = {
    "abstract": (_conditions, _findings),
    "introduction": (_background, _gaps, _conditions, _findings, _maker),
    "related_work": (_literature, _gaps),
    "method": (_conditions, _reasons, _hypotheses, _debate, _analysis),
    "setup": (_apparatus, _conditions, _choices),
    "results": (_conditions, _findings, _remarks("statistician"), _trouble, _loop),
    "ablations": (_conditions, _reasons, _on_ablations),
    "discussion": (_conditions, _findings, _remarks("domain reader", "devil's advocate"), _practice),
    "limitations": (_conditions, _confounders, _remarks("devil's advocate"), _trouble),
    "conclusion": (_conditions, _findings),
}
_VALUES: Mapping[str, tuple[Family, ...]] = {
    "abstract": ("comparisons", "plan"),
    "introduction": ("comparisons",),
    "setup": ("settings", "plan", "data", "references"),
    "method": ("plan",),
    "results": ("conditions", "comparisons", "references", "loop"),
    "ablations": ("comparisons",),
    "discussion": ("comparisons", "references"),
    "limitations": ("comparisons",),
    "conclusion": ("comparisons",),
}
_HOME = {
    "method_diagram": "method",
    "learning_curves": "results",
    "difference_forest": "results",
    "seed_dots": "results",
    "ablation_forest": "ablations",
    "cost_quality": "discussion",
    "prisma": "appendix_search",
}
"""Kind of figure -> the section that places it; a figure that two sections place would have its label twice."""


def facts_for(section: str, record: PaperRecord) -> tuple[str, ...]:
    """What the record says that the section needs, one fact a line."""
    return tuple(line for facts in _FACTS.get(section, ()) for line in facts(record))


def values_for(section: str) -> tuple[Family, ...]:
    """Which values the section may want to print."""
    return _VALUES.get(section, ())


def figures_for(section: str, figures: tuple[FigureSpec, ...]) -> tuple[FigureSpec, ...]:
    """The figures that the section places."""
    return tuple(figure for figure in figures if _HOME[figure.kind] == section)
