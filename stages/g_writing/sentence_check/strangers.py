"""What a sentence names that the study does not hold: conditions, metrics, splits, data sets, hardware, other people's numbers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.comparing import of_speed
from stages.g_writing.sentence_check.condition_names import halves_of_names, part_pattern, removed, variants_of
from stages.g_writing.sentence_check.languages import languages_of
from stages.g_writing.sentence_check.metric_names import cutoffs, metric_patterns, split_of
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study
from stages.g_writing.sentence_check.subjects import familiar

_MEASURES = (
    r"F1(?:[- ]score)?|BLEU|ROUGE\S*|AUROC|AUC|FID|PSNR|SSIM|perplexity|accuracy|accuracies|IoU|calibration(?: error)?|sample efficiency|data efficiency|interpretability|ECE|bits per byte|bits per character|latency"
    r"|RMSE|MSE|MAE|MAPE|mean absolute (?:percentage |scaled )?error|median absolute error|root[- ]mean[- ]squared?[- ]error|mean[- ]squared?[- ]error|throughput|reward|word error rate|FLOPs?|energy|carbon|(?:character|phone(?:me)?|sentence|token|equal|label) error(?: rate)?|precision|recall|mean average precision|top-5|robustness|memory|power consumption|return|loss"
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
        word = match[0].lower().replace("-square", " square").replace("-error", " error").replace("root-", "root ")
        named = any(m.start <= match.start() < m.end for m in (*sentence.conditions, *sentence.metrics))
        as_logarithm = word == "loss" and re.search(r"\bnats?\b|\bbits\b|logarithm", text) and {"perplexity", "ppl"} & aliases
        verb = word.startswith("return") and re.search(r"\b(?:cannot|can|will|would|not|to|tests?)\s+$", text[: match.start()])
        back = word in {"return", "returns", "returned"} and _goes_back(text, match)
        lost = (
            word == "loss" and _LOST.match(text[match.end() :]) is not None and re.search(r"\ban? (?:\w+ )?$", text[: match.start()])
        )
        lost = lost or (
            word == "loss"
            and re.search(r"\b(?:throughput|speed|accuracy|quality|performance) $", text[: match.start()], re.IGNORECASE)
        )
        told = word == "recall" and re.match(r" that\b", text[match.end() :])
        part = word == "loss" and any(
            (taken := removed(name)) and re.search(rf"\b(?:{part_pattern(taken[1])}) $", text[: match.start()], re.IGNORECASE)
            for name in study.conditions
        )
        if (
            named
            or verb
            or back
            or lost
            or as_logarithm
            or told
            or part
            or re.search(rf"\b{re.escape(word)}\b", known.replace("_", " "))
        ):
            continue  # part of a recorded name
        if not any(word.startswith(alias) or alias in word or alias.startswith(word) for alias in aliases) and not _as_setting(
            text, match
        ):
            yield f"{match[0]!r} was not measured"
    yield from _splits(sentence, study)
    yield from _other_data(sentence, study, known)
    yield from _unknown_measure(sentence, study, known)
    yield from _other_cutoff(sentence, study)
    yield from _compounds(sentence, study)
    yield from _unknown_conditions(sentence, study, known)


def of_others(sentence: Sentence) -> bool:
    """A cited sentence that speaks of neither this study nor of a result: its numbers are the source's."""
    own = sentence.conditions or sentence.metrics or sentence.has(r"we|our|ours|us|here|this (?:paper|work|study)")
    return sentence.cited and not own and not sentence.has(w.OUTSIDE)


def _goes_back(text: str, match: re.Match[str]) -> bool:
    """'We return to the ablation in …': what the authors do, no reward."""
    subject = re.search(
        r"\b(?:we|I|let us|which we|shall|and) (?:now |then |later |shall |will )*$", text[: match.start()], re.IGNORECASE
    )
    return subject is not None and re.match(r" (?:to|below|later)\b(?! (?:about |around )?-?\d)", text[match.end() :]) is not None


_LOST = re.compile(
    r" of (?:about |nearly |almost |roughly |around |only |just |some |over |under )*(?:an? |one |two |three )?(?:\d[\d.,]* ?(?:%|per ?cent|points?|percentage points?|tokens|images)|(?:third|quarter|fifth|tenth))"
)
"""'a loss of nearly 12 %': of what was given up, not the loss function's value."""


def recorded_words(study: Study) -> str:
    """Every recorded word, lower case."""
    values = " ".join(f"{key.replace('_', ' ')} {value}" for key, value in study.config.items())
    written_out = languages_of(f"{study.task} {' '.join(value for value in study.config.values() if isinstance(value, str))}")
    return f"{study.task} {values} {' '.join(study.conditions)} {' '.join(study.metrics)} {' '.join(study.notes.values())} 0 {written_out}".lower()


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
        rank = re.search(r"\b(\d+|\d*\u00b7+)(?:st|nd|rd|th)?(?:[- ]percentile| ?%) $", sentence.unblanked[: mention.start])
        if rank and rank[1] not in mention.name and "percentile" in rank[0]:
            yield f"{rank[0]}{sentence.text[mention.start : mention.end]} was not measured"
        said = _KINDS.search(sentence.text[: mention.start])
        if (
            said
            and sentence.text[mention.start : mention.end].lower() not in {"gain", "change", "improvement"}
            and not re.search(rf"\b{re.escape(said[1].lower())}", f"{known.replace('_', ' ')} {aliases}")
            and not any(len(part) > 3 and said[1].lower().startswith(part) for part in mention.name.split("_"))
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
    if (
        match[0].lower() == "precision"
        and re.search(r"\bbits?\b", text)
        and re.match(r" (?:from|of|to|at|down)\b", text[match.end() :])
    ):
        return True  # 'halving the precision from 8 to 4 bits'
    if re.search(
        r"(?:minimi[sz]|optimi[sz])\w+ (?:the |an? )?$|\b(?:trained|fitted|learned) (?:with|on|under|by|to)(?: minimi[sz]e)? (?:the |an? )?$|\b(?:objective|loss|criterion) (?:is|was) (?:the |an? )?$",
        text[: match.start()],
    ):
        return match[0].lower().endswith(("error", "mae", "mse"))  # what is minimised
    return bool(re.search(r"(?:mixed|half|single|double|numerical|over-)\s*$", text[: match.start()])) or bool(
        re.match(r"[- ](?:function|curve|landscape|weight|term)", text[match.end() :])
    )


_SPLIT = r"(?P<split>validation|held-out(?: test)?|dev(?:elopment)?|training|train|test)"
_NO_CASES = r"(?!(?:per|each|takes?|took|needs?|has|have|that|which|when|while|where|whereas|and|or|is|are|was|were|with|in|to|of|but|by|at|the|as|than|from|on|for|times?|runs?|sets? of|budget|curves?|speed|cost|steps?|epochs?|losses|loss|error|accuracy|perplexity|seeds?|hours?|procedure|throughput|latency)\b)"
_ON_SPLIT = re.compile(
    rf"\b(?:on|of|for|over|across) (?:all |the |our |its |these )*(?:\d[\d,]* )?{_SPLIT} (?:(?:set|split|data) ?(?:of )?)?{_NO_CASES}[a-z]+",
    re.IGNORECASE,
)
_SELECTING = re.compile(
    r"\btun|\bselect|\bchos|\bstopp|\b(?:train|fit|fitt|pre-?train|learn)(?:ed|s)? on|\bpick|\boptimi[sz]ed on|\bcalibrat\w+ on|\b(?:size|number) of"
    r"|\b(?:pass|passes|epochs?|sweeps?) (?:over|through)|\bh[eo]ld\b(?!-)|\bset aside|\breserv|\bwithh|\bsplit (?:into|off)"
)


def _splits(sentence: Sentence, study: Study) -> Iterator[str]:
    """'validation accuracy', 'on the validation patches' where only the test cases were measured.

    A metric whose id names no split is of the test cases, as everywhere in papers; cases of a split that a text only tunes or
    trains on say nothing about a result.
    """
    scored = {split_of(metric) or "test" for metric in study.metrics if not of_speed(metric, study)}
    named = {split_of(mention.name) or "test" for mention in sentence.metrics if not of_speed(mention.name, study)}
    result = sentence.conditions or sentence.metrics or "%" in sentence.text or any("." in number.text for number in sentence.numbers)
    timed = re.search(r"\b(test|inference|evaluation|validation|decoding|deployment)[- ](?:time|cost|speed|latency)\b", sentence.text)
    if (
        timed
        and any("train" in metric.split("_") and "time" in metric for metric in study.metrics)
        and not any(timed[1][:4] in m for m in study.metrics if "time" in m or "latency" in m)
    ):
        yield f"{timed[0]!r} was not measured"
    match = _ON_SPLIT.search(sentence.text)
    if match and result and not _SELECTING.search(sentence.text):
        word = match["split"].lower()
        said = (
            {"test", "val"}
            if word == "held-out"
            else {"test"}
            if "test" in word
            else {"train"}
            if word.startswith("train")
            else {"val"}
        )
        lasting = said == {"train"} and any(of_speed(mention.name, study) for mention in sentence.metrics)
        if lasting:
            return  # 'six minutes of training'
        if not said & scored or (named and not said & named and not _measured_there(sentence, study, said)):
            yield f"only {' and '.join(sorted(named or scored))} values were measured"
    for mention in sentence.metrics:
        own = split_of(mention.name)
        if own is None or mention.name.endswith("time") or "time" in mention.name:
            continue
        before = sentence.text[max(0, mention.start - 16) : mention.start].lower()
        for name, names in w.QUALIFIERS.items():
            if name != own and any(re.search(rf"\b{re.escape(each)}[\s-]+$", before) for each in names):
                others = [m for m in study.metrics if split_of(m) == name and m.split("_")[-1] == mention.name.split("_")[-1]]
                if not others:
                    yield f"only {own} values were measured"


def _measured_there(sentence: Sentence, study: Study, said: set[str]) -> bool:
    """A metric of the sentence was measured on the cases that it names, too."""
    kinds = {mention.name.split("_")[-1] for mention in sentence.metrics}
    return any((split_of(metric) or "test") in said and metric.split("_")[-1] in kinds for metric in study.metrics)


def _compounds(sentence: Sentence, study: Study) -> Iterator[str]:
    """'The sparse-dense ensemble' of a sentence that names no condition: its numbers are of somebody who is none."""
    everyone = rf"\b(?:all|both) (?:\w+ ){{0,2}}?(?:{w.CONDITION_NOUNS}) (?:halv|doubl|tripl|quadrupl)\w+"
    if said := sentence.find(everyone):
        yield f"{said[0]!r}: not all conditions can change by a factor over another one"
    bases = {variant.name: variant.base for variant in variants_of(tuple(study.conditions), study.proposed or "")}
    for first, second in itertools.pairwise(sentence.conditions):
        joined = sentence.text[first.end : second.start] == " " and re.match(r"(?:with|using|via) ", sentence.text[second.start :])
        if joined and first.name not in {second.name, bases.get(second.name, first.name)}:
            yield f"{sentence.text[first.start : second.end]!r} is no condition of this study"
    if not sentence.conditions:
        yield from (f"{compound!r} is no condition of this study" for compound in halves_of_names(sentence.text, study))


def _other_cutoff(sentence: Sentence, study: Study) -> Iterator[str]:
    """'top-1 accuracy' where top-5 was measured: of a study that says in a metric's id how many guesses count."""
    counted = {number for metric in study.metrics for number in re.findall(r"top_?(\d+)", metric)}
    for match in re.finditer(r"\btop[- ]?(\d+)", sentence.raw, re.IGNORECASE):
        if counted and match[1] not in counted and match[1] not in cutoffs(study).split("|"):
            yield f"{match[0]} was not measured"


_MEASURE_OF = re.compile(
    r"(?:^|[,;:] |\b(?:while|whereas|and|but) )(?:the |its |our )(?P<measure>(?:[a-z][a-z-]* ){1,4})(?:of|for|with) (?:the )?$",
    re.IGNORECASE,
)
_GENERAL_MEASURE = re.compile(
    r"\b(?:values?|scores?|results?|means?|averages?|medians?|performances?|figures?|numbers?|deviations?|spreads?|ranges?|runs?|seeds?|gaps?|gains?|differences?|variances?|qualit(?:y|ies)|rates?|sizes?"
    r"|learning|training|settings?|improvements?|reductions?|advantages?|intervals?|leads?|margins?|drops?|increases?|decreases?|variations?|errors?|estimates?|extremes?|maximum|minimum|best|worst|effects?|costs?|counts?)\s*$",
    re.IGNORECASE,
)


def _unknown_measure(sentence: Sentence, study: Study, known: str) -> Iterator[str]:
    """'The mean surface distance of a is 7.8' where no such distance was measured: a subject of a condition's that is no metric."""
    for mention in sentence.conditions:
        said = _MEASURE_OF.search(sentence.text[: mention.start])
        told = re.match(
            r" (?:is|was|amounts? to|equals?|reach\w*|stands? at|comes? to|measures?) (?:only |about |just )?-?\d+\.\d",
            sentence.text[mention.end :],
        )
        if (
            said is None
            or told is None
            or any(said.start() <= each.start < said.end() for each in (*sentence.metrics, *sentence.conditions))
        ):
            continue
        words = re.findall(r"[a-z][\w-]{2,}", said["measure"].lower())
        if re.search(r"\b(?:standard|paired|relative|absolute) \w+ $", said["measure"]):
            continue  # a statistic: held against the record with its number
        if re.search(rf"\b(?:{w.SEED_NOUNS})\s*$", said["measure"], re.IGNORECASE):
            continue  # 'the least fortunate run of a'
        if any(
            re.search(rf"(?<!\w)(?:{pattern})(?!\w)", said["measure"], re.IGNORECASE)
            for key in study.config
            for pattern in w.setting_words(key)
        ):
            continue  # 'the learning rate of a is …'
        if all(_GENERAL_MEASURE.search(word) or familiar(word, sentence, study, known) for word in words):
            continue
        yield f"{said['measure'].strip()!r} was not measured"


_DATA_KEYS = re.compile(r"data|bench|env|corpus|task|suite")


def _other_data(sentence: Sentence, study: Study, known: str) -> Iterator[str]:
    """'ogbn-products' where ogbn-arxiv was used, 'CIFAR-100' for CIFAR-10: a sibling with the recorded name's first part."""
    for key, value in study.config.items():
        for name in value if isinstance(value, list) else [value]:
            head = re.match(r"[A-Za-z]{3,}(?=[-\d ])", name) if isinstance(name, str) and _DATA_KEYS.search(key) else None
            if head is None or (head[0].islower() and " " in str(name)):
                continue
            for match in re.finditer(rf"(?<![\w-]){re.escape(head[0])}(?:[- ]?\d[\w.]*|[-][A-Za-z]\w*(?:-\w+)*)", sentence.raw):
                said = match[0].lower().rstrip(".")
                short = re.sub(r"20(?=\d\d$)", "", _letters(said))  # IWSLT 2014 for IWSLT14
                if said not in known and not any(each in _letters(known) for each in (_letters(said), short)) and not sentence.cited:
                    yield f"{match[0]} is not the data of this study"


_ORDINARY = frozenset(
    """individual separate what which whose whatever whoever where who how why whether per the our we this these those that in on with without across both all each every training removing adding using per-seed relative compared
    averaged mean average over for at from it its an a experiments models agents results learning details under when while although however
    one two three four five six seven eight nine ten no only best worst among overall here there their they details seed seeds runs run switching
    replacing dropping disabling moving going changing turning taking between by as to of if since because after before during further
    moreover finally also then thus hence still even both optimisation optimization accuracy perplexity loss error test validation return
    throughput performance such most none neither either not despite given starting increasing reducing lowering raising evaluation ours
    augmentation data standard single paired exact statistical confidence hyperparameters hyper-parameters parameters network networks
    batches images tokens steps epochs layers heads weights condition conditions method methods variants variant optimisers optimizers""".split()
)


_PLURALS = r"inputs|outputs|targets|labels|gradients|activations|histories|observations|actions|rewards|states|logits|predictions|features|annotations|outlines|masks|negatives|checkpoints|updates|moments"
"""Plurals of everybody's that begin a sentence."""


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.lower())


def _unknown_conditions(sentence: Sentence, study: Study, known: str) -> Iterator[str]:
    raw = re.sub(r"\\[a-zA-Z]+(?:\{[^}]*\})?|\$[^$]*\$", " ", sentence.raw)
    covered = [(mention.start, mention.end) for mention in (*sentence.conditions, *sentence.metrics)]
    units = {part for facts in study.metrics.values() for part in re.split(r"[^A-Za-z]+", facts.unit) if part}
    for match in re.finditer(r"(?<![\w·-])(?:[A-Z]|[a-z]+[A-Z])[\w+-]*", sentence.text):
        word = match[0].strip("-")
        if (
            any(start <= match.start() < end for start, end in covered)
            or _letters(word) in _letters(known)
            or (len(_letters(word)) > 8 and _letters(word)[:-3] in _letters(known))  # 'Anti-aliasing' of 'anti-aliased'
            or any(len(part) > 4 and _letters(word).startswith(part) for name in study.conditions for part in name.lower().split("_"))
            or word in w.NAMES_OF_TESTS
            or word in units
            or word.lower() in w.NUMBER_WORDS
            or re.match(r"[\s~]*\(?[A-Z]?\.?\u00b7", sentence.text[match.end() :])  # 'Lemmas 1 and 2'
        ):
            continue
        first = match.start() == 0 or re.search(r"[.:;]\s*$", sentence.text[: match.start()])
        if first and re.match(
            r"[A-Z][a-z]+ing (?:is|was|takes?|took|needs?|costs?|lasts?|requires?)\b", sentence.text[match.start() :]
        ):
            continue  # 'Decoding takes …'
        named = re.search(r"[a-z][A-Z]|[A-Z]{2}|\d", word) is not None  # NequIP: no word of English that only begins a sentence
        if first and (
            word.lower() in _ORDINARY
            or (not named and not re.match(rf"\s+(?:\w+ly\s+)?(?:{w.RESULT_VERBS})\b", sentence.text[match.end() :]))
        ):
            continue
        counted = re.search(r"\b(?:each|every|all) $", sentence.text[: match.start()], re.IGNORECASE)
        if first and re.fullmatch(rf"{w.CASE_NOUNS}|{_PLURALS}", word.lower()):
            continue  # 'Documents are …'
        if (
            counted
            and word.rstrip("s") in w.KINDS_OF_MODELS
            and not any("." in number.text or number.unit for number in sentence.numbers)
        ):
            continue  # 'each CNN is trained with six seeds': what the models are, without a result
        if word in w.FIELDS and re.match(r"[- ][a-z]", sentence.text[match.end() :]):
            continue  # 'each ASR system': a field before the noun that it is of
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
