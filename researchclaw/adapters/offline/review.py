"""How the rule-based researcher reviews, presides over reviews, and revises.

A reader by rules sees what the record shows (seeds, intervals, costs, failures) and whether the manuscript says it. A change is
asked for only where it does not, and then with the sentence to insert, its values by key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from researchclaw.adapters.offline.curves import still_descending
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import ChangeAnswer, Judgement, PairedComparison, Review, Slug, Weakness
from stages.f_analysis.results import TUNED
from stages.g_writing.claims import Sentence
from stages.g_writing.document import Cite
from stages.g_writing.paper_revision import RevisionAnswers, RevisionQuestion
from stages.g_writing.peer_review import INSERT, AreaChairQuestion, RequiredChanges, ReviewQuestion
from stages.g_writing.record import PaperRecord
from stages.h_finalization.references.judging import NumberedJudgement, SupportJudgements, SupportQuestion

FEW_SEEDS = 10
"""From ten seeds on, a t interval covers its level for skewed values too (simulation: .91 at n = 10 against .90 at n = 5)."""
COST_MATTERS = 0.05
"""A step time this far from the baseline's changes the number of steps visibly; a guess."""
JUDGING = ("sec:limitations", "sec:discussion", "sec:conclusion")
LONG_SENTENCE = 45
"""Words; four fifths of the sentences in printed papers are shorter than 35, so this is far out."""


@dataclass(frozen=True)
class Point:
    """One weakness that the record shows."""

    text: str
    told: str
    """Regular expression of a sentence (its Markdown) that says it already."""
    wording: str | None
    """What to insert where nothing says it; None: a remark without a demand."""
    anchor: tuple[str, ...] = ("sec:limitations", "sec:discussion", "sec:results")
    """Places whose last sentence is quoted where nothing says it, in order of preference."""
    severity: Literal["minor", "major"] = "minor"
    of: Sentence | None = None
    """The very sentence that the remark is about, where it is about one."""


# ---------------------------------------------------------------- review


def review_paper(question: ReviewQuestion) -> Review:
    """The review for one role: the points of that role that the record gives rise to."""
    points = tuple(_POINTS[question.role](question))
    weaknesses = tuple(
        weakness for number, point in enumerate(points, 1) if (weakness := _weakness(number, point, question)) is not None
    )
    score, rule = _score(question)
    return Review(
        reviewer=question.role,
        summary=f"This review was made by rules, for {question.role}; points of the record that were looked up: {len(points)}. {rule}",
        strengths=tuple(_strengths(question)),
        weaknesses=weaknesses,
        quality=score if question.role == "experiments" else None,
        clarity=score if question.role == "clarity" else None,
    )


def _weakness(number: int, point: Point, question: ReviewQuestion) -> Weakness | None:
    """The point tied to the sentence that says it, or to the one after which it should be said."""
    labels = sorted((condition.label for condition in question.record.results.conditions.values()), key=len, reverse=True)
    said = point.of or next((sentence for sentence in question.sentences if _says(sentence, point.told, labels)), None)
    quoted = said or _anchor(point, question.sentences)
    if quoted is None:
        return None
    demand = f"{INSERT}{point.wording}" if point.wording and said is None else None
    return Weakness(
        id=f"point_{number}",
        reviewer=question.role,
        quote=quoted.markdown,
        text=f"{point.text} {'The paper says so.' if said else 'The paper does not say so.'}" if point.wording else point.text,
        severity=point.severity if demand else "minor",
        required_change=demand,
    )


def _says(sentence: Sentence, told: str, labels: list[str]) -> bool:
    """The sentence says it about this study; outside of the sections that judge the study, one with a citation is about others.

    labels: names of conditions, longest first; 'a larger initial scale' says nothing about larger models.
    """
    about_us = sentence.place.startswith(JUDGING) or not any(isinstance(part, Cite) for part in sentence.content)
    text = sentence.markdown
    for label in labels:
        text = text.replace(label, " ")
    return about_us and re.search(told, text, re.IGNORECASE) is not None


def _anchor(point: Point, sentences: tuple[Sentence, ...]) -> Sentence | None:
    for place in point.anchor:
        here = [sentence for sentence in sentences if sentence.place == place]
        if here:
            return here[-1]
    return next((sentence for sentence in reversed(sentences) if sentence.place.startswith("sec:")), None)


def _score(question: ReviewQuestion) -> tuple[int | None, str]:
    """A score where a rule grounds it, and the rule in words."""
    if question.role == "experiments":
        results = question.record.results
        facts = (
            all(summary.n >= 3 for condition in results.conditions.values() for summary in condition.metrics.values()),
            any(condition.role == "ablation" for condition in results.conditions.values()),
            not question.record.failed,
        )
        return 1 + sum(
            facts
        ), "Quality counts one, and one each for three seeds or more, an ablation, and no failed run; no other score is given."
    if question.role == "clarity":
        findings = sum(weakness.severity == "major" for weakness in question.mechanical.weaknesses)
        return max(1, 4 - findings), "Clarity is four less the major findings of the mechanical checks; no other score is given."
    return None, "No rule grounds a score for this side, so none is given."


def _strengths(question: ReviewQuestion) -> Iterator[str]:
    record = question.record
    if question.role == "experiments":
        yield "All conditions share their seeds, and differences are taken seed by seed."
        if not record.failed:
            yield "Every reported run ended with a score."
    elif question.role == "method":
        yield f"The plan was registered before the first run ({record.plan.registration_sha256[:12]})."
        if any(contrast.role == "ablation" for contrast in record.plan.conditions):
            yield "An ablation was planned beside the comparison."
    else:
        supported = sum(claim.verdict == "supported" for claim in question.claims)
        yield f"{supported} of {len(question.claims)} comparing sentences agree with the record."


# ---------------------------------------------------------------- what the record shows


def _experiments(question: ReviewQuestion) -> Iterator[Point]:
    record, results = question.record, question.record.results
    metric = results.metric
    seeds = max(summary.n for condition in results.conditions.values() for summary in condition.metrics.values())
    if seeds < FEW_SEEDS:
        yield Point(
            text="Few seeds were run for each condition, so the intervals lean on the assumption of normal differences.",
            told=r"\bnormal(ly|ity)?\b|few seeds|small number of seeds|number of seeds|seeds are few|more seeds",
            wording=(
                "With {{cfg.seeds|words}} seeds for each condition, the intervals rest on the assumption that paired differences are "
                "normally distributed, which so few values cannot test."
            ),
            severity="major",
        )
    for comparison in _hypothesis_comparisons(record):
        if comparison.verdict == "not distinguishable" and comparison.mde is not None and comparison.abs_mean_diff < comparison.mde:
            a, b = _labels(record, comparison)
            yield Point(
                text=f"The difference between {a} and {b} is below what this design can find.",
                told=rf"\bmde\(\s*{comparison.a}\s*,\s*{comparison.b}\s*\)",
                wording=(
                    f"For {a} against {b}, this design finds a difference with the usual power only from {{{{"
                    f"mde({comparison.a},{comparison.b}).{metric.name}|f3}}}} {metric.unit} on, so a smaller one remains possible."
                ),
                severity="major",
            )
    yield from _of_loop(record)
    if record.failed:
        yield Point(
            text="Some runs did not end with a score.",
            told=r"runs_failed|\.failed|did not end|failed run|crashed|diverged",
            wording="Of {{cfg.runs_reported|int}} planned runs, {{cfg.runs_failed|int}} did not end with a score and are left out.",
            anchor=("sec:results", "sec:limitations"),
            severity="major",
        )
    base = record.plan.conditions[0].id
    for name, condition in results.conditions.items():
        if name not in {base, TUNED} and abs(condition.cost_ratio - 1) > COST_MATTERS and base in results.conditions:
            yield _of_fitting_time(record, name) if record.goal.blueprint else _of_step_cost(record, name)


def _of_step_cost(record: PaperRecord, name: Slug) -> Point:
    label, base = record.results.conditions[name].label, record.plan.conditions[0].id
    return Point(
        text=f"A step of {label} costs another time than one of the baseline, so equal budgets buy unequal steps.",
        told=rf"\b{name}\.(cost_ratio|steps)\b|@tbl:sizes\b",
        wording=(
            f"A step of {label} takes {{{{{name}.cost_ratio|f2}}}} times the time of the baseline's, so the same "
            f"budget buys {{{{{name}.steps|int}}}} steps instead of {{{{{base}.steps|int}}}}."
        ),
        anchor=("sec:results", "sec:setup", "sec:limitations"),
    )


def _of_fitting_time(record: PaperRecord, name: Slug) -> Point:
    label = _named(record, name)
    return Point(
        text=f"A fit of {label} takes another time than one of the baseline.",
        told=rf"\b{name}\.cost_ratio\b",
        wording=f"A fit of {label} takes {{{{{name}.cost_ratio|f2}}}} times the time of the baseline's.",
        anchor=("sec:results", "sec:setup", "sec:limitations"),
    )


def _of_loop(record: PaperRecord) -> Iterator[Point]:
    """What the improvement loop kept, and how firmly it was confirmed."""
    kept = [attempt for attempt in record.attempts if attempt.verdict == "keep"]
    tuned = next((pair for by_metric in record.results.comparisons.values() for pair in by_metric.values() if pair.a == TUNED), None)
    if kept and tuned is None:
        yield Point(
            text="The change that the improvement loop kept was not confirmed on fresh seeds.",
            told=r"not (been )?confirmed|unconfirmed|without confirmation|fresh seeds",
            wording="The change that the improvement loop kept was chosen on a development seed and was not confirmed on fresh ones.",
            severity="major",
        )
    elif tuned is not None and tuned.verdict not in {"better", "worse"}:
        pair = f"({tuned.a},{tuned.b}).{record.results.metric.name}"
        yield Point(
            text="The tuned condition's gain is not clear on fresh seeds.",
            told=rf"\b(cmp|ci_low|diff|pairs)\(\s*{tuned.a}\s*,\s*{tuned.b}\s*\)|the seeds are too few to compare it",
            wording=(
                f"On fresh seeds the tuned condition {{{{cmp{pair}}}}} the condition that it was tuned from."
                if tuned.verdict == "not distinguishable"
                else f"The tuned condition was scored on {{{{pairs{pair}|words}}}} fresh seeds, too few for an interval."
            ),
            anchor=("sec:results", "sec:limitations"),
            severity="major",
        )


def _method(question: ReviewQuestion) -> Iterator[Point]:
    record = question.record
    yield from _of_one_data_source(record) if record.goal.blueprint else _of_one_corpus(record)
    yield from _of_hypotheses(record)
    ablated = {contrast.ablates for contrast in record.plan.conditions if contrast.role == "ablation"}
    for contrast in record.plan.conditions:
        if contrast.id == record.best and contrast.role in {"treatment", "combination"} and contrast.id not in ablated:
            yield Point(
                text=f"No component of {contrast.label}, the condition with the best mean, was taken out.",
                told=r"no ablation|not ablated|without (an )?ablation|cannot be traced",
                wording=f"No ablation was run for {_named(record, contrast.id)}, so what it does cannot be traced to a component.",
                anchor=("sec:ablations", "sec:limitations"),
            )
    yield from _of_references(record)
    yield _of_the_test_split(record)


def _of_the_test_split(record: PaperRecord) -> Point:
    """That nobody looked at it, or what the looks at it showed."""
    anchor = ("sec:setup", "sec:limitations")
    config, unit = record.results.config, record.results.metric.unit
    if "sealed_looks" not in config:
        return Point(
            text="Only the validation split was scored.",
            told=r"test (split|part|files|set)|sealed|held back|untouched|validation (split|part|files) (only|alone)",
            wording="The sealed test split was not scored; every value is of the validation split.",
            anchor=anchor,
        )
    if "sealed_gain" not in config:
        return Point(
            text="The test split was looked at, and not both models have a score on it.",
            told=r"test (split|part|files|set)",
            wording="The sealed test split was looked at after the improvement loop, but not both of its models have a score there.",
            anchor=anchor,
        )
    return Point(
        text="The test split was scored with one seed, so its scores have no spread.",
        told=r"\{\{cfg\.sealed_(tuned|gain)\b",
        wording=(
            "On the sealed test split, scored once with one seed, the improvement loop began at "
            f"{{{{cfg.sealed_incumbent|f3}}}} {unit} and ended at {{{{cfg.sealed_tuned|f3}}}} {unit}."
        ),
        anchor=("sec:ablations", "sec:results"),
    )


def _of_one_data_source(record: PaperRecord) -> Iterator[Point]:
    yield Point(
        text="All runs are fitted to data of one kind.",
        told=r"(single|one|other|another|same|only) (kind|source)( of (data|rows))?\b|other data|synthetic|made-up",
        wording="All runs are fitted to data of the same kind, so the findings may not carry over to others.",
        severity="major",
    )


def _of_one_corpus(record: PaperRecord) -> Iterator[Point]:
    base = record.plan.conditions[0].id
    yield Point(
        text="All runs read one corpus.",
        told=r"(single|one|other|another|same|only) (kind of )?(corpus|corpora|data ?sets?|texts?)\b|natural language",
        wording="All runs read the same corpus, so the findings may not carry over to natural language or to other code.",
        severity="major",
    )
    if base in record.results.conditions:
        yield Point(
            text="The models are small.",
            told=r"(larger|bigger) (\S+ )?(models?|scales?|networks?)|at scale|(models of|with) \{\{\w+\.parameters",
            wording=(
                f"The models have {{{{{base}.parameters|int}}}} parameters, and whether larger models behave alike was not tested."
            ),
            severity="major",
        )


def _of_hypotheses(record: PaperRecord) -> Iterator[Point]:
    for finding in record.findings:
        hypothesis = next((h for h in record.hypotheses.hypotheses if h.id == finding.hypothesis), None)
        comparison = record.results.comparisons.get(finding.comparison, {}).get(record.results.metric.name)
        if finding.verdict == "undecided" and hypothesis is not None and comparison is not None:
            a, b = _labels(record, comparison)
            yield Point(
                text=f"The hypothesis about {a} and {b} is not decided by the data.",
                told=rf"\bcmp\(\s*{comparison.a}\s*,\s*{comparison.b}\s*\)|undecided|untested|(remain|stay)s? open|cannot be decided",
                wording=f"The hypothesis about {a} and {b} remains undecided by these runs.",
                anchor=("sec:discussion", "sec:results"),
                severity="major",
            )


def _of_references(record: PaperRecord) -> Iterator[Point]:
    """Compressors that need no training and still do as well as the baseline."""
    metric = record.results.metric
    base = record.results.conditions.get(record.plan.conditions[0].id)
    if base is None:
        return
    ahead = [name for name, value in record.results.references.items() if metric.gain(value, base.metrics[metric.name].mean) > 0]
    on, need = ("rows", "input") if record.corpus.counts == "rows" else ("text", "training")
    if ahead:
        yield Point(
            text=f"The baseline does not reach references that need no {need}, on the same {on}: {', '.join(ahead)}.",
            told=r"\bref\.\w+|compress(or|ion|ed)",
            wording="For scale: "
            + ", ".join(f"{name.replace('_', ' ')} reaches {{{{ref.{name}|f3}}}} {metric.unit}" for name in ahead)
            + f" on the same {on}.",
            anchor=("sec:results", "sec:setup"),
        )


def _clarity(question: ReviewQuestion) -> Iterator[Point]:
    """Sentences that are too long, and whether a reader learns how training was going when it was cut off."""
    for sentence in question.sentences:
        in_text = sentence.place.startswith(("abstract", "sec:")) and not sentence.place.startswith("sec:appendix")
        if in_text and len(sentence.words.split()) > LONG_SENTENCE:
            yield Point(
                text=f"The sentence has {len(sentence.words.split())} words and is hard to read.",
                told="",
                wording=None,
                of=sentence,
            )
    record = question.record
    base = record.results.conditions.get(record.plan.conditions[0].id)
    curve = [base.curve[step].mean for step in sorted(base.curve, key=int)] if base else []
    if still_descending(curve, lower_is_better=record.results.metric.lower_is_better):
        yield Point(
            text="The baseline's learning curve has not levelled off at the end of the budget.",
            told=r"still (falling|improving|going down|descending|learning)|level(led|s)? off|converge|longer (training|budget|runs?)",
            wording=(
                "The learning curves have not levelled off when the budget ends, so the order of the conditions may change with "
                "longer training."
            ),
        )
    if record.deviations:
        yield Point(
            text="The study departs from its registered plan.",
            told=r"deviat|depart|differs? from the (registered )?plan|fewer seeds",
            wording=" ".join(record.deviations),
            severity="major",
        )


_POINTS: dict[str, Callable[[ReviewQuestion], Iterator[Point]]] = {"experiments": _experiments, "method": _method, "clarity": _clarity}


def _hypothesis_comparisons(record: PaperRecord) -> Iterator[PairedComparison]:
    for finding in record.findings:
        comparison = record.results.comparisons.get(finding.comparison, {}).get(record.results.metric.name)
        if comparison is not None:
            yield comparison


def _labels(record: PaperRecord, comparison: PairedComparison) -> tuple[str, str]:
    return _named(record, comparison.a), _named(record, comparison.b)


def _named(record: PaperRecord, condition: Slug) -> str:
    """The condition in running text, where 'no dropout' would read as a negation."""
    study = Study(record)
    return study.name(study.conditions[condition])


# ---------------------------------------------------------------- area chair


def preside(question: AreaChairQuestion) -> RequiredChanges:
    """Every change that is asked for, each wording once."""
    chosen: dict[str, str] = {}
    for review in question.reviews:
        for weakness in review.weaknesses:
            if weakness.required_change:
                chosen.setdefault(weakness.required_change, weakness.id)
    return RequiredChanges(ids=tuple(chosen.values()))


# ---------------------------------------------------------------- revision

_QUOTED = r"[\"“«']([^\"”»]+)[\"”»']"
_REPLACE = re.compile(rf"(?is)\breplace\s+{_QUOTED}\s+(?:with|by)\s+{_QUOTED}")
_REMOVE = re.compile(rf"(?is)\b(?:remove|delete|drop|strike)\s+{_QUOTED}")
_ADD = re.compile(rf"(?is)\b(?:add|insert)\s+{_QUOTED}\s+after\s+{_QUOTED}")
_REFER = re.compile(r"^Refer to @(?P<label>(?:fig|tbl):[a-z0-9_-]+)")
_TAKE_OUT = ("Say what the record says.", "Take the comparison out")


def revise(question: RevisionQuestion) -> RevisionAnswers:
    """A patch where a rule can make one, else a refusal that says so; nothing is tried twice the same way."""
    refused = {answer.id: answer.answer for answer in question.refused}
    answers = [
        ChangeAnswer(id=weakness.id, done=False, answer=f"{refused[weakness.id]} No rule offers another wording.")
        if weakness.id in refused
        else _answer(weakness, question)
        for weakness in question.required
    ]
    answers += [
        ChangeAnswer(id=weakness.id, done=False, answer=f"{refused[weakness.id]} No rule offers another wording.")
        if weakness.id in refused
        else _heed(weakness)
        for weakness in question.guidance
    ]
    return RevisionAnswers(answers=tuple(answers))


def _answer(weakness: Weakness, question: RevisionQuestion) -> ChangeAnswer:
    change = weakness.required_change or ""
    if change.startswith(INSERT):
        wording = change.removeprefix(INSERT)
        return _patch(weakness, weakness.quote, f"{weakness.quote} {wording}", "The sentence asked for was added.")
    if change.startswith(_TAKE_OUT):
        return _patch(weakness, weakness.quote, "", "The sentence was taken out.")
    if (refer := _REFER.match(change)) and (last := _last_of_results(question.sentences)) is not None:
        return _patch(weakness, last, f"{last} Details are shown in @{refer['label']}.", "A reference was added.")
    return ChangeAnswer(
        id=weakness.id, done=False, answer=f"Refused: the rule-based researcher has no rule for the change {change!r}."
    )


def _heed(weakness: Weakness) -> ChangeAnswer:
    """Guidance that names its words in quotation marks can be followed; other guidance is not understood, and said so."""
    if match := _ADD.search(weakness.text):
        return _patch(weakness, match[2], f"{match[2]} {match[1]}", "Added as asked.")
    if match := _REPLACE.search(weakness.text):
        return _patch(weakness, match[1], match[2], "Replaced as asked.")
    if match := _REMOVE.search(weakness.text):
        return _patch(weakness, match[1], "", "Removed as asked.")
    return ChangeAnswer(
        id=weakness.id,
        done=False,
        answer=(
            f'Not heeded: the rule-based researcher cannot act on {weakness.text!r}; it understands \'replace "…" with "…"\', '
            '\'remove "…"\' and \'add "…" after "…"\'.'
        ),
    )


def _patch(weakness: Weakness, before: str, after: str, answer: str) -> ChangeAnswer:
    return ChangeAnswer(id=weakness.id, done=True, answer=answer, before=before, after=after)


def _last_of_results(sentences: tuple[Sentence, ...]) -> str | None:
    return next((sentence.markdown for sentence in reversed(sentences) if sentence.place == "sec:results"), None)


def judge_support(question: SupportQuestion) -> SupportJudgements:
    """Rules compare words, which has been done; whether the words mean the same they cannot tell."""
    told = Judgement(verdict="cannot tell", reason="rules compare words, not meaning")
    return SupportJudgements(judgements=tuple(NumberedJudgement(number=pair.number, judgement=told) for pair in question.pairs))
