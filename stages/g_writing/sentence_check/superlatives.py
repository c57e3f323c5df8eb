"""Superlatives across conditions and seeds, held against the recorded values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.comparing import BAD, GOOD, HIGH, LOW, VARIATION, metrics_of
from stages.g_writing.sentence_check.pairs import pair_of
from stages.g_writing.sentence_check.quantities import mean
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study

_SUPERLATIVE = re.compile(rf"\b(?:{GOOD}|{BAD}|{HIGH}|{LOW})\b", re.IGNORECASE)
_OF_SEEDS = re.compile(
    r"\b(?:of|across|over|among|in|from|by) (?:any|its|all|the|every|each|their)?\s?(?:\w+ )?(?:seeds?|runs?|trials?)\b"
    r"|\b(?:seeds?|runs?|trials?)(?:'s)?\b",
    re.IGNORECASE,
)


def superlatives(sentence: Sentence, study: Study) -> Iterator[str]:
    """Superlatives across conditions; one across the seeds of a condition is the number's own business."""
    for match in _SUPERLATIVE.finditer(sentence.text):
        if re.search(rf"\b(?:{'|'.join(w.NUMBER_WORDS)}) $", sentence.text[: match.start()], re.IGNORECASE):
            continue  # 'the two best' are counted
        if re.match(r" (?:compromise|trade-?off|balance|bargain)\b", sentence.text[match.end() :]):
            continue  # of several qualities together nothing is recorded; each is held against the record by its own words
        if re.match(r" (?:of|likely|notably|importantly)\b", sentence.text[match.end() :]) and match[0].lower() == "most":
            continue
        if re.search(r"\bat (?:most|least|best|worst)?\s*$", sentence.text[: match.end()], re.IGNORECASE) and re.search(
            r"\bat $", sentence.text[: match.start()], re.IGNORECASE
        ):
            continue
        if (
            re.search(r"\b(?:var(?:y|ies|ied)|fluctuat\w*|scatter\w*|wobbl\w*|spread\w*)\s*(?:the )?$", sentence.text[: match.start()])
            and sentence.conditions
        ):
            subject = min(sentence.conditions, key=lambda mention: abs(mention.start - match.start()))
            yield from _least_varied(match[0].lower(), subject.name, sentence, study)
            continue
        clause = re.split(r"[,;:(]|\bwhile\b|\bbut\b|\bthan\b|\bexceeds?\b", sentence.text[match.end() :])[0]
        if re.match(r"\W*(?:\w+ ){0,2}?(?:seeds?|runs?|trials?)\b", clause) or (
            _OF_SEEDS.search(clause) and not re.search(r"\b(?:every|each|all) (?:\w+ )?seeds?\b", clause)
        ):
            continue
        if re.search(r"(?:\b(?:its|their|whose|[Oo]ur)|'s)\s*$", sentence.text[: match.start()]):
            continue  # across its own seeds
        if re.match(r"\W*(?:possible|value|learning|p\b)", clause) or re.search(r"\bseed \d", sentence.text, re.IGNORECASE):
            continue
        if _among_its_seeds(match, sentence):
            continue
        ranked = any(
            re.fullmatch(
                r" (?:always |again |still )?(?:(?:is|was|came|comes|performs?|performed|ranks?|ends up|turns out)(?: out)?)(?: \w+ly)? (?:the )?",
                sentence.text[m.end : match.start()],
            )
            for m in sentence.conditions
            if m.end <= match.start()
        )
        alone = not ranked and re.fullmatch(r"\W*(?:one )?(?:\([^)]*\)|(?:only |just |at )?[-\d.,]+\d(?: ?%| \w+)?)?\W*", clause)
        if alone and re.search(r"\b(?:seeds?|runs?|trials?|any)\b", sentence.text, re.IGNORECASE):
            continue
        if _of_one(match, sentence) or re.search(r"\b(?:second|third|next)[- ]$", sentence.text[: match.start()], re.IGNORECASE):
            continue
        yield from _superlative(match[0].lower(), match.start(), clause, sentence, study)


def _among_its_seeds(match: re.Match[str], sentence: Sentence) -> bool:
    """'Among the seeds of a the best attains …': over the runs of the one that is named before, nothing else being named."""
    ahead = sentence.text[: match.start()]
    seeds = re.search(
        r"\b(?:among|of|out of|amongst|over|across)\b[^,;]*\b(?:seeds|runs|trials)\b[^,;\d]*,? (?:the |its )?(?:single )?$",
        ahead,
        re.IGNORECASE,
    )
    if seeds is None or len({mention.name for mention in sentence.conditions}) != 1:
        return False
    named = seeds.start() <= sentence.conditions[0].start < match.start()
    return (
        named
        and re.match(rf" (?:one |single one )?(?:{w.RESULT_VERBS}|comes?|lands?|ends?|stands?|lies)\b", sentence.text[match.end() :])
        is not None
    )


def _of_one(match: re.Match[str], sentence: Sentence) -> bool:
    """'the highest of the baseline', beside a number: over the runs of the one named."""
    if not sentence.numbers or re.search(
        r"\b(?:has|have|is|are|reach\w*|obtain\w*|attain\w*|achiev\w*|gives?|shows?) (?:by far )?(?:the |a )?$",
        sentence.text[: match.start()],
    ):
        return False
    return any(
        re.fullmatch(
            r"(?: [\w-]+){0,3}? (?:of|for|by|with|from|that|on|under|using) (?:the )?", sentence.text[match.end() : mention.start]
        )
        for mention in sentence.conditions
        if mention.start > match.end()
    )


def _superlative(word: str, place: int, clause: str, sentence: Sentence, study: Study) -> Iterator[str]:
    if not sentence.conditions:
        return
    cut = max(sentence.text.rfind(";", 0, place), sentence.text.rfind(" while ", 0, place), sentence.text.rfind(" whereas ", 0, place))
    stop = sentence.text.find(";", place) if ";" in sentence.text[place:] else len(sentence.text)
    same = [mention for mention in sentence.conditions if cut <= mention.start < stop] or list(sentence.conditions)
    subject = min(same, key=lambda mention: abs(mention.start - place))
    for mention in sentence.conditions:  # 'lowest for a and highest for b'
        if mention.start > place and re.fullmatch(
            r"(?: (?!than|and|but|while)\w+){0,4} (?:for|with|by|in|under) (?:the )?", sentence.text[place + len(word) : mention.start]
        ):
            subject = mention
    spoken = re.split(rf"\b(?:and|but)\b(?=[^,;]*{_SUPERLATIVE.pattern})", clause, flags=re.IGNORECASE)[0]
    if VARIATION.search(spoken):
        yield from _least_varied(word, subject.name, sentence, study)
        return
    speedy = re.match(r" speed\b", clause) or re.fullmatch("fastest|slowest|cheapest|quickest|most efficient|most expensive", word)
    metrics = metrics_of(sentence, study, place + len(word) + 1, "faster" if speedy else "better")
    if word.endswith("accurate"):  # by quality, whatever speed the sentence names beside it
        slow = {metric for metric in study.metrics if any(part in w.SPEED for part in (metric, *metric.split("_")))}
        metrics = [each for each in metrics if each[0] not in slow] or [
            (metric, False) for metric in study.metrics if metric not in slow
        ]
    if not metrics:
        yield f"{word!r}: nothing was recorded that could bear it out"
        return
    both = re.search(r"\bboth\b", clause) is not None
    denied = (
        re.search(r"\b(?:not|never|no longer)\s+(?:\w+\s+)?(?:the |its |their )?$", sentence.text[:place], re.IGNORECASE) is not None
    )
    for metric, complement in metrics if both else metrics[:1]:
        wrong = list(_not_so(word, subject.name, metric, study, complement=complement))
        if denied and not wrong:
            yield f"{word!r} is denied, but by {metric} it is so"
        elif not denied:
            yield from wrong


def _not_so(word: str, subject: str, metric: str, study: Study, *, complement: bool) -> Iterator[str]:
    values = {name: value for name in study.conditions if (value := mean(study, name, metric, complement=complement)) is not None}
    upward = (study.metrics[metric].direction == "max") is not complement
    high = re.fullmatch(HIGH, word) is not None or (
        upward if re.fullmatch(GOOD, word) else not upward if re.fullmatch(BAD, word) else False
    )
    winner = (max if high else min)(values, key=lambda name: values[name])
    if subject != winner:
        yield f"{word!r}: by {metric} it is {winner}"


def best_seed(sentence: Sentence, study: Study) -> Iterator[str]:
    """'Seed 3 is the best of …': of the named condition, by the named metric."""
    seed = re.search(r"\bseed (\d+)\b", sentence.text, re.IGNORECASE)
    word = _SUPERLATIVE.search(sentence.text)
    names = list(dict.fromkeys(mention.name for mention in sentence.conditions))
    if not names and sentence.has("both") and study.main_pair:
        names = list(study.main_pair)
    if seed is None or word is None or not names or sentence.has("worst-case"):
        return
    if sentence.has("gaps?|gains?|lead|advantage|margin|differences?|improvements?|deficit") and _of_gaps(word, sentence):
        yield from _extreme_gap(seed, word, sentence, study)
        return
    for name in names if sentence.has("both") else names[:1]:
        yield from _extreme_seed(seed, word, name, sentence, study)


def _of_gaps(word: re.Match[str], sentence: Sentence) -> bool:
    """The superlative is of the distance between two conditions: 'the largest per-seed gap', 'where the gain is smallest'."""
    return re.fullmatch(f"{HIGH}|{LOW}", word[0], re.IGNORECASE) is not None and not re.match(
        r" (?:\w+ )?(?:accurac\w+|loss|return|perplexity|score|value)", sentence.text[word.end() :]
    )


def _extreme_gap(seed: re.Match[str], word: re.Match[str], sentence: Sentence, study: Study) -> Iterator[str]:
    metric = sentence.first_metric(study)
    pair = pair_of(sentence, study)
    one, other = (study.conditions[name][metric].seeds if metric in study.conditions[name] else {} for name in pair.options[0])
    gaps = {name: abs(value - other[name]) for name, value in one.items() if name in other}
    high = re.fullmatch(HIGH, word[0], re.IGNORECASE) is not None
    if seed[1] not in gaps or gaps[seed[1]] != (max if high else min)(gaps.values()):
        yield f"{word[0]!r}: between {' and '.join(pair.options[0])} it is not on seed {seed[1]}"


def _extreme_seed(seed: re.Match[str], word: re.Match[str], name: str, sentence: Sentence, study: Study) -> Iterator[str]:
    metric = sentence.first_metric(study)
    scores = study.conditions[name].get(metric)
    if scores is None or seed[1] not in scores.seeds:
        yield f"seed {seed[1]} of it was not recorded"
        return
    upward = study.metrics[metric].direction == "max"
    high = re.fullmatch(HIGH, word[0], re.IGNORECASE) is not None or (
        upward if re.fullmatch(GOOD, word[0], re.IGNORECASE) else not upward if re.fullmatch(BAD, word[0], re.IGNORECASE) else False
    )
    if scores.seeds[seed[1]] != (scores.max if high else scores.min):
        yield f"{word[0]!r}: seed {seed[1]} is not"


def _least_varied(word: str, subject: str, sentence: Sentence, study: Study) -> Iterator[str]:
    """Who varies least or most over seeds; one seed says nothing about it."""
    metric = sentence.first_metric(study)
    spreads = {name: scores[metric].std for name, scores in study.conditions.items() if metric in scores}
    known = {name: spread for name, spread in spreads.items() if spread is not None}
    if subject not in known:
        yield f"{word!r}: the spread of {subject} was not recorded"
        return
    high = re.fullmatch(f"{HIGH}|{BAD}", word) is not None
    winner = (max if high else min)(known, key=lambda name: known[name])
    if subject != winner:
        yield f"{word!r}: the spread of {metric} is so for {winner}"
