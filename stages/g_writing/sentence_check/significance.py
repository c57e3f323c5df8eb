"""'significant' needs a recorded test on its side; 'comparable' one that does not tell the two apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.comparing import metrics_of
from stages.g_writing.sentence_check.metric_names import metric_patterns
from stages.g_writing.sentence_check.pairs import Pair, ablated, pair_of
from stages.g_writing.sentence_check.quantities import mean
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Compared, Study
from stages.g_writing.sentence_check.untested import on_record, untested

_A_TEST = r"(?:tests?(?! (?:set|split|accurac|error|loss|image|data|case|time|score|perplexit|return|token|node|sample|example|user|item)\w*)|t-tests?|ANOVA|bootstrap(?:ping)?)"
_SIGNIFICANT = re.compile(
    rf"\b(?:pass(?:es|ed)?|surviv(?:es?|ed)|withst(?:ands?|ood)|(?:stands?|stood|holds?|held) up (?:under|to|in|against)|clears?|cleared) (?:[\w-]+ ){{0,5}}?{_A_TEST}\b"
    rf"|\b{_A_TEST}(?: \w+ly)? (?:confirm\w*|support\w*|show(?:s|ed)?|establish\w*|prov(?:es?|ed)|corroborat\w*|attest\w*|backs?|backed|find|finds|found|detect\w*|indicat\w*|verif\w+|bears? out|reject\w*)\b"
    rf"|\b(?:confirmed|supported|established|corroborated|backed|verified|borne out) by (?:[\w-]+ ){{0,4}}?{_A_TEST}\b"
    r"|\bstatistically (?:established|proven|confirmed|supported|secured?|sound|solid|meaningful|different|distinguishable|certain)\b"
    r"|\b(?:beyond|not due to|unlikely to be due to|not explained by|larger than|more than) (?:mere |pure |statistical |what )?chance\b"
    r"|\bsignifican(?:t|tly|ce)\b|\bconclusive(?:ly)?\b|\bstatistically (?:clear|reliable)|\breject\w*(?= (?:the )?(?:null|equality|hypothesis))",
    re.IGNORECASE,
)
_WILCOXON = re.compile(r"Wilcoxon|signed-rank")
_T_TEST = re.compile(r"t-tests?|t test|Student")


def _only_named(text: str, said: re.Match[str]) -> bool:
    """'significance tests', 'a test of significance': what is spoken of, and no claim."""
    return bool(
        re.match(r"significance (?:tests?|level)", text[said.start() :])
        or re.search(r"\b(?:tests?|testing|level) (?:of|for) (?:statistical )?$", text[: said.start()])
    )


def significance(sentence: Sentence, study: Study) -> Iterator[str]:
    """Reasons against claims of significance, its absence, and likeness."""
    pair = pair_of(sentence, study)
    if untested(sentence):
        yield from on_record(sentence, study)
        return
    found = _SIGNIFICANT.finditer(sentence.text)
    said = next((each for each in found if not _only_named(sentence.text, each)), None)
    if said:
        both = _WILCOXON.search(sentence.text) and _T_TEST.search(sentence.text)
        clauses = re.split(r"\b(?:whereas|while|but|although|though)\b|;", sentence.text) if both else [sentence.text]
        for clause in clauses:
            yield from _clause(clause, said[0], sentence, study, pair)
    yield from _alike(sentence, study, pair)


def _clause(clause: str, word: str, sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    """One clause: what it says of the tests that it names."""
    tests = list(_tests(clause, word, sentence, study, pair))
    denied = _denied(clause)
    alpha = _alpha(sentence.text)
    wilcoxon, t_test = _WILCOXON.search(clause), _T_TEST.search(clause)
    values = [
        value
        for test in tests
        for value, meant in ((test.t_p, t_test or not wilcoxon), (test.wilcoxon_p, wilcoxon))
        if meant and value is not None
    ]
    other = re.search(r"\b(?:ANOVA|permutation test|bootstrap\w*|Mann|Friedman|Kruskal|McNemar|sign test|chi-squared)\b", clause)
    if other and not denied:
        yield f"{other[0]!r}: no such test was recorded"
    elif not values and not denied:
        yield f"{word!r}: no test was recorded"
    elif values and any((value < alpha) is denied for value in values):
        yield f"{word!r}: the recorded p is {min(values):g}"


def _tests(clause: str, word: str, sentence: Sentence, study: Study, pair: Pair) -> Iterator[Compared]:
    """The recorded tests that the clause speaks of: all of them, or those of the pair by the metrics named."""
    of_one = (
        len({mention.name for mention in sentence.conditions}) > 1
        and sentence.metrics
        and re.search(r"\bno [\w ]*?difference\b", clause)
    )
    if not of_one and re.search(
        r"\b(?:all|both|every|each|none of|neither of|no) (?:\w+ ){0,3}?(?:comparisons?|differences?|gains?|improvements?|contrasts?)\b",
        clause,
        re.IGNORECASE,
    ):
        yield from study.comparisons.values()
        return
    place = max(sentence.text.find(word), 0)
    speed = re.search(rf"\b(?:{w.FASTER}|{w.SLOWER})\b", sentence.text[place:], re.IGNORECASE)
    named = [mention.name for mention in sentence.metrics]
    for metric in named or ([name for name, _ in metrics_of(sentence, study, place, "faster")] if speed else list(study.metrics)):
        for a, b in pair.options:
            if found := study.compared(a, b, metric):
                yield found[0]


def _denied(clause: str) -> bool:
    said = _SIGNIFICANT.search(clause)
    before = clause[: said.start()] if said else clause
    behind = clause[said.end() :] if said else ""
    return bool(
        re.match(r"\s(?:\w+ly )?(?:no|nothing|neither)\b(?! (?:doubt|less|fewer|more)\b)", behind)
        or re.search(rf"{w.NEGATED}(?:\s+[\w-]+){{0,3}}\s*$", before, re.IGNORECASE)
        or re.search(
            r"\bnon-?$|\bin$|\b(?:none|neither) of\b[^,;]*$|\bno (?:[\w-]+ ){0,2}?(?:test|comparison|difference|gain|improvement)\b[^,;]*$",
            before,
            re.IGNORECASE,
        )
        or (said is None and re.search(r"\b(?:not|no)\b", clause))
    )


def _alpha(text: str) -> float:
    """The level of the test that the sentence names, else 0.05."""
    said = re.search(r"(\d+(?:\.\d+)?)\s*(%?) (?:significance )?level|(?:level|alpha)\s*(?:of|=)?\s*(0\.\d+)", text)
    if said is None:
        return 0.05
    return float(said[3]) if said[3] else float(said[1]) / (100 if said[2] else 1)


def _alike(sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    text = sentence.text
    metrics = [mention.name for mention in sentence.metrics] or list(study.metrics)
    speed = re.search(r"\bfast\b|\bquick\w*|\bslow\b|\bcostly\b|\bexpensive\b|\bcheap\b", text, re.IGNORECASE)
    if not sentence.metrics:
        metrics = [metric for metric, _ in metrics_of(sentence, study, 0, "faster" if speed else "better")]
    for mention in sentence.metrics:  # the 'match' of an exact match
        text = text[: mention.start] + "\u2022" * (mention.end - mention.start) + text[mention.end :]
    alike = re.search(
        r"\b(?:comparabl[ey]|equally|similarly|on par|similar(?! (?:trend|pattern|picture|tendency|conclusion)s?\b)|indistinguishable|equal|identical|the same(?! (?:\w+ )?(?:seeds?|runs?|data|split|budget|network|architecture|tale|story|picture|pattern|trend|conclusion|direction|order|ranking|way|sign|thing)\b)|equivalent(?! to (?:an?|about|roughly|[\d.]+)\b)|match(?:es)?"
        r"|(?:no|little|hardly any|without) (?:\w+ )?(?:effect|difference|influence|impact|change|gain|benefit|improvement)"
        r"|(?:does|do|did) not (?:matter|affect|change|influence|help|hurt|differ)|unaffected|unchanged|makes? no difference)\b",
        text,
        re.IGNORECASE,
    )
    if (
        alike
        and metrics
        and (sentence.conditions or ablated(sentence, study))
        and not re.search(
            rf"{w.NEGATED}\s*$|\breject\w*\b[^.;]*$|\b(?:order|ordering|ranking)\b[^.]*$", text[: alike.start()], re.IGNORECASE
        )
        and (
            speed
            or re.search(r"on par|comparabl|equally|match", alike[0])
            or any(re.search(rf"\b{re.escape(p)}", sentence.text, re.IGNORECASE) for m in metrics for p in metric_patterns(m))
        )
    ):
        for a, b in pair.options[:1]:
            one, other = mean(study, a, metrics[0]), mean(study, b, metrics[0])
            found = study.compared(a, b, metrics[0])
            if found and found[0].t_p is not None and found[0].t_p < 0.05:
                yield f"{alike[0]!r}: the recorded test tells them apart"
            elif found and re.search(r"significan", alike[0]):
                return  # a recorded test that does not tell them apart
            elif one is not None and other is not None and abs(one - other) > 0.01 * abs(other):
                yield f"{alike[0]!r}: the means differ by more than one per cent"
