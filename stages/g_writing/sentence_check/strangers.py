"""What a sentence names that the study does not hold: conditions, metrics, splits, data sets, hardware, other people's numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.reading import Sentence, metric_patterns
from stages.g_writing.sentence_check.study import Study

_MEASURES = (
    r"F1(?:[- ]score)?|BLEU|ROUGE\S*|AUROC|AUC|FID|PSNR|SSIM|perplexity|accuracy|accuracies|IoU|calibration(?: error)?|sample efficiency|data efficiency|interpretability|ECE|bits per byte|bits per character|latency"
    r"|RMSE|MSE|throughput|reward|word error rate|FLOPs?|energy|carbon|(?:character|phone(?:me)?|sentence|token|equal|label) error(?: rate)?|precision|recall|mean average precision|top-5|robustness|memory|power consumption|return|loss"
)  # fmt: skip


_MEMORY_METRIC = re.compile(r"memory|\bGB\b|\bTB\b", re.IGNORECASE)


def strangers(sentence: Sentence, study: Study) -> Iterator[str]:
    """Reasons to refuse the sentence as a statement about this study; none for one that says nothing measurable."""
    text = sentence.text
    speaks = bool(sentence.numbers) or re.search(rf"\b(?:{w.BETTER}|{w.WORSE}|{w.FASTER}|{w.SLOWER})\b", text, re.IGNORECASE)
    known = recorded_words(study)
    if _MEMORY_METRIC.search(" ".join(f"{name} {facts.unit}" for name, facts in study.metrics.items())):
        text = re.sub(r"\b[GT]B\b", "", text)
    if re.search(w.HARDWARE, text) and not _hardware_recorded(text, study):
        yield "no such hardware is recorded"
    if re.search(rf"\b(?:{w.OUTSIDE})\b", text, re.IGNORECASE) and sentence.numbers:
        yield "a number of other people's needs its quotation"
    if re.search(r"state[- ]of[- ]the[- ]art", text, re.IGNORECASE) and not sentence.cited:
        yield "what others have reached is not in this record"
    if re.search(rf"\b(?:{w.OUTSIDE})\b", text, re.IGNORECASE) and sentence.conditions and not sentence.cited and not sentence.numbers:
        yield "what others have reached is not in this record"
    claim = re.search(rf"\b(?:{w.UNMEASURED})\b", sentence.without_conditions, re.IGNORECASE)
    hedged = sentence.cited or re.search(rf"\b(?:{w.HEDGED})\b", text, re.IGNORECASE)
    ours = (
        sentence.conditions
        or sentence.metrics
        or re.search(r"\b(?:gains?|results?|findings?|improvements?|effects?|our)\b", text, re.IGNORECASE)
    )
    if claim and ours and not hedged:
        yield f"{claim[0]!r}: nothing was recorded that could bear it out"
    for match in re.finditer(w.DATASETS, sentence.raw):
        if match[0].lower() not in known and not of_others(sentence) and (speaks or not hedged):
            yield f"{match[0]} is not the data of this study"
    if not speaks:
        return
    yield from _elsewhere(sentence, known)
    yield from _another_measure(sentence, known)
    aliases = {alias.lower() for metric in study.metrics for alias in metric_patterns(metric)}
    for match in re.finditer(rf"\b(?:{_MEASURES})\b", text, re.IGNORECASE):
        word = match[0].lower()
        named = any(m.start <= match.start() < m.end for m in sentence.conditions)
        in_bits = (
            word.startswith("bits per")
            and any(facts.unit.startswith("nat") for facts in study.metrics.values())
            and re.search(r"\b(?:amounts?|equals?|equivalent|corresponds?|expressed|converted|i\.e\.|that is)\b", text, re.IGNORECASE)
        )
        as_logarithm = in_bits or (
            word == "loss" and re.search(r"\bnats?\b|\bbits\b|logarithm", text) and {"perplexity", "ppl"} & aliases
        )
        verb = word.startswith("return") and re.search(r"\b(?:cannot|can|will|would|not|to|tests?)\s+$", text[: match.start()])
        if named or verb or as_logarithm or re.search(rf"\b{re.escape(word)}\b", known.replace("_", " ")):
            continue  # part of a recorded name
        if not any(word.startswith(alias) or alias in word or alias.startswith(word) for alias in aliases) and not _as_setting(
            text, match
        ):
            yield f"{match[0]!r} was not measured"
    yield from _splits(sentence, study)
    yield from _unknown_conditions(sentence, study, known)


def of_others(sentence: Sentence) -> bool:
    """A cited sentence that speaks of neither this study nor of a result: its numbers are the source's."""
    own = sentence.conditions or sentence.metrics or sentence.has(r"we|our|ours|us|here|this (?:paper|work|study)")
    return sentence.cited and not own and not sentence.has(w.OUTSIDE)


def recorded_words(study: Study) -> str:
    """Every recorded word, lower case."""
    values = " ".join(f"{key.replace('_', ' ')} {value}" for key, value in study.config.items())
    return f"{study.task} {values} {' '.join(study.conditions)} {' '.join(study.metrics)} {' '.join(study.notes.values())}".lower()


def _hardware_recorded(text: str, study: Study) -> bool:
    recorded = " ".join(
        f"{key} {value}" for key, value in study.config.items() if re.search(r"gpu|cpu|hardware|device|machine|memory", key)
    ).lower()
    if re.search(
        r"\bno GPUs?\b|\bwithout (?:a |any )?GPUs?\b|\bCPUs? only\b|\bonly (?:on )?(?:a )?CPUs?\b|\bon (?:a )?CPUs?\b",
        text,
        re.IGNORECASE,
    ):
        return "gpu none" in recorded
    return (
        bool(recorded)
        and all(match.lower().rstrip("s") in recorded for match in re.findall(w.HARDWARE, text))
        and "none" not in recorded
    )


_KINDS = re.compile(
    r"\b(character|phone(?:me)?|syllable|sentence|token|utterance|label|top-?[235]|balanced|macro(?:-averaged)?|micro(?:-averaged)?|weighted|class-wise|per-class|worst-group|worst-case"
    r"|robust|zero-shot|few-shot|expected|equal|normali[sz]ed|discounted|adjusted|word|pixel|exact) $",
    re.IGNORECASE,
)
"""Words before a metric's name that make another metric of it."""


def _another_measure(sentence: Sentence, known: str) -> Iterator[str]:
    """'character error rate' where the word error rate was measured."""
    aliases = "word error rate" if re.search(r"\bwer\b", known) else ""
    for mention in sentence.metrics:
        said = _KINDS.search(sentence.text[: mention.start])
        if (
            said
            and sentence.text[mention.start : mention.end].lower() not in {"gain", "change", "improvement"}
            and not re.search(rf"\b{re.escape(said[1].lower())}", f"{known.replace('_', ' ')} {aliases}")
        ):
            yield f"{said[1]} {sentence.text[mention.start : mention.end]} was not measured"


def _elsewhere(sentence: Sentence, known: str) -> Iterator[str]:
    """'On ogbn-products, a reaches …': one name in front, written with a hyphen or digit, that is no recorded one."""
    said = re.match(r"\W*(?:On|For) ([A-Za-z][\w]*(?:[-_.\u00b7\d][\w.]*)+),? ", sentence.raw)
    if (
        said
        and not sentence.cited
        and _letters(said[1]) not in _letters(known)
        and not any(m.start < said.end(1) and said.start(1) < m.end for m in sentence.conditions)
        and not re.match(r"\w+-(?:level|time|wise|seed|run)\b|[a-z]+-[a-z]+ [a-z]", sentence.raw[said.start(1) :])
    ):
        yield f"{said[1]} is not the data of this study"


def _as_setting(text: str, match: re.Match[str]) -> bool:
    return bool(re.search(r"(?:mixed|half|single|double|numerical|over-)\s*$", text[: match.start()])) or bool(
        re.match(r"[- ](?:function|curve|landscape|weight|term)", text[match.end() :])
    )


def _splits(sentence: Sentence, study: Study) -> Iterator[str]:
    """'validation accuracy' where only test accuracy was measured."""
    scored = {part for metric in study.metrics if "time" not in metric for part in metric.split("_")} & set(w.QUALIFIERS)
    match = sentence.find(
        r"\bon (?:the |our )?(validation|held-out|dev|training|test) (?:set|split|data|images|examples|nodes|graphs|documents)\b"
    )
    if match is None and (sentence.conditions or sentence.metrics or "%" in sentence.text):
        match = re.search(
            r"\b(?:on|of|for) (?:all |the |our |its )*(?:\d[\d,]* )?(validation|held-out|dev|training|test) (?:set|split|data|images|examples|samples|sentences|inputs)\b",
            sentence.text,
        )
    timed = re.search(r"\b(test|inference|evaluation|validation|decoding|deployment)[- ](?:time|cost|speed|latency)\b", sentence.text)
    if (
        timed
        and any("train" in metric.split("_") and "time" in metric for metric in study.metrics)
        and not any(timed[1][:4] in m for m in study.metrics if "time" in m or "latency" in m)
    ):
        yield f"{timed[0]!r} was not measured"
    elsewhere = scored and not re.search(
        r"\btun|\bselect|\bchos|\bstopp|\btrained on|\bh[eo]ld|\bset aside|\breserv|\bwithh|\bsplit (?:into|off)", sentence.text
    )
    if match and elsewhere and not any(match[1] in names for name, names in w.QUALIFIERS.items() if name in scored):
        yield f"only {' and '.join(sorted(scored))} values were measured"
    for mention in sentence.metrics:
        own = next((name for name in w.QUALIFIERS if name in mention.name.split("_")), None)
        if own is None or mention.name.endswith("time") or "time" in mention.name:
            continue
        before = sentence.text[max(0, mention.start - 16) : mention.start].lower()
        for name, names in w.QUALIFIERS.items():
            if name != own and any(re.search(rf"\b{re.escape(each)}[\s-]+$", before) for each in names):
                others = [m for m in study.metrics if name in m.split("_") and m.split("_")[-1] == mention.name.split("_")[-1]]
                if not others:
                    yield f"only {own} values were measured"


_ORDINARY = frozenset(
    """what which whose whatever whoever where who how why whether per the our we this these those that in on with without across both all each every training removing adding using per-seed relative compared
    averaged mean average over for at from it its an a experiments models agents results learning details under when while although however
    one two three four five six seven eight nine ten no only best worst among overall here there their they details seed seeds runs run switching
    replacing dropping disabling moving going changing turning taking between by as to of if since because after before during further
    moreover finally also then thus hence still even both optimisation optimization accuracy perplexity loss error test validation return
    throughput performance such most none neither either not despite given starting increasing reducing lowering raising evaluation ours
    augmentation data standard single paired exact statistical confidence hyperparameters hyper-parameters parameters network networks
    batches images tokens steps epochs layers heads weights condition conditions method methods variants variant optimisers optimizers""".split()
)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.lower())


def _unknown_conditions(sentence: Sentence, study: Study, known: str) -> Iterator[str]:
    raw = re.sub(r"\\[a-zA-Z]+(?:\{[^}]*\})?|\$[^$]*\$", " ", sentence.raw)
    covered = [(mention.start, mention.end) for mention in (*sentence.conditions, *sentence.metrics)]
    for match in re.finditer(r"(?<![\w·-])[A-Z][\w+-]*", sentence.text):
        word = match[0].strip("-")
        if (
            any(start <= match.start() < end for start, end in covered)
            or _letters(word) in _letters(known)
            or (len(_letters(word)) > 8 and _letters(word)[:-3] in _letters(known))  # 'Anti-aliasing' of 'anti-aliased'
            or any(len(part) > 4 and _letters(word).startswith(part) for name in study.conditions for part in name.lower().split("_"))
            or word in w.NAMES_OF_TESTS
            or word.lower() in w.NUMBER_WORDS
            or re.match(r"[\s~]*\(?[A-Z]?\.?\u00b7", sentence.text[match.end() :])  # 'Lemmas 1 and 2'
        ):
            continue
        first = match.start() == 0 or re.search(r"[.:;]\s*$", sentence.text[: match.start()])
        if first and re.match(
            r"[A-Z][a-z]+ing (?:is|was|takes?|took|needs?|costs?|lasts?|requires?)\b", sentence.text[match.start() :]
        ):
            continue  # 'Decoding takes …'
        if first and (
            word.lower() in _ORDINARY or not re.match(rf"\s+(?:\w+ly\s+)?(?:{w.RESULT_VERBS})\b", sentence.text[match.end() :])
        ):
            continue
        if len(word) == 1 or sentence.cited or not re.search(r"[a-z]{2}|[A-Z]{2}", word):
            continue
        if "·" in word or word.lower() in {"pp", "vs", "sd", "ci", "id"}:
            continue
        yield f"{word} is no condition, metric or name of this study"
    for match in re.finditer(
        rf"\b({'|'.join(w.ORDINALS)}) (?:variant|condition|method|model|optimi[sz]er|baseline|agent|configuration)", raw, re.IGNORECASE
    ):
        if w.ORDINALS[match[1].lower()] > len(study.conditions):
            yield f"there are only {len(study.conditions)} conditions"
