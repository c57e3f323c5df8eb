"""How a text names the metrics of a study."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.mentions import Mention
from stages.g_writing.sentence_check.study import Study

_COMPLEMENT = re.compile(
    r"err|wrong|incorrect|mistake|miss\b|miss(?:es)?(?: |$)|mis(?:class|predict|label|recogni|judg)|(?:one|1) ?(?:minus|-)|[\w@ -]+[ -](?:errors?|deficits?|shortfalls?)\b",
    re.IGNORECASE,
)
_OF_SHARES = ("acc", "hit_rate", "recall")
"""Metrics of which one minus the value has a name of its own: error, miss rate."""
_BOUNDED = frozenset(
    {"dice", "dsc", "iou", "miou", "jaccard", "f1", "precision", "success", "em", "auc", "auroc", "map", "ndcg", "mrr", "ssim"}
)
"""Other metrics whose best value is one: the distance to it is an error ('Dice error')."""
_CUTOFFS = ("top_k", "k", "cutoff", "topk")
"""Settings that hold the k of a ranking metric's @k."""
_GLUED_CUTOFF = re.compile(r"(?<![a-z])(ndcg|recall|precision|map|mrr|hits?|hit_rate)(\d{1,4})(?!\d)")
"""Ranking metrics with their k written right behind: ndcg10, recall100."""
_OCCASION = re.compile(r"\b(?:every|each|this|first|second|third|last|one|same|next|(?:%|all|most|half|part) of the) $", re.IGNORECASE)
"""'every time', 'half of the time': how often, not how long."""
_NATS = re.compile(r"nats?\b")
_LOSS = re.compile(r"nll|loss|cross_?entropy|xent|(?:^|_)ce(?:_|$)")


def split_of(metric: str) -> str | None:
    """'test', 'val' or 'train' where the id of a metric says on which cases it is measured."""
    parts = {w.SPLIT_PARTS[part] for part in metric.split("_") if part in w.SPLIT_PARTS}
    return min(parts) if parts else None


def is_complement(text: str, metric: str) -> bool:
    """'error', 'miss rate', 'one minus …': the words name one minus the metric."""
    counted = (
        any(part in metric for part in _OF_SHARES)
        or not _BOUNDED.isdisjoint(metric.split("_"))
        or re.match(r"(?:one|1) ?(?:minus|-)", text, re.IGNORECASE)
    )
    return bool(counted) and _COMPLEMENT.match(text) is not None


def own_parts(metric: str) -> list[str]:
    """The words of a metric's id without its split and its unit; ndcg10 is ndcg at 10."""
    return [part for part in _GLUED_CUTOFF.sub(r"\1_at_\2", metric).split("_") if part not in {*w.SPLIT_PARTS, *w.UNIT_PARTS}]


def metric_patterns(metric: str) -> tuple[str, ...]:
    """How a text may call a metric, without its qualifier (test, validation)."""
    parts = own_parts(metric)
    if "per" in parts[1:] and metric.rsplit("_", maxsplit=1)[-1] in {"s", "sec", "second"}:
        things = " ".join(parts[: parts.index("per")])
        whole = w.COUNTED_THINGS.get(things, things)
        rates = tuple(
            f"{each}{per}"
            for each in dict.fromkeys((things, whole))
            for per in (
                " per second",
                " compiled per second",
                " processed per second",
                " handled per second",
                "/s",
                " a second",
                " every second",
            )
        )
        return (*w.METRICS.get(metric, ()), "throughput", *rates)
    if metric in w.METRICS:
        return w.METRICS[metric]
    own = " ".join(parts)
    if not own and {*metric.split("_")} & {"s", "ms", "sec", "seconds", "min", "minutes", "hours", "h"}:
        return w.METRICS["time"]
    if not own:
        return (metric,)
    named = [part for part in parts if part not in w.KINDS_OF_AVERAGES] or parts  # F1 for f1_macro
    tails = ("_".join(parts[-2:]), parts[-1], "_".join(named), named[-1])
    return (*(words for tail in dict.fromkeys(tails) for words in w.METRICS.get(tail, ())), own)


def _pieces(parts: list[str]) -> list[str]:
    """The pieces of an id of several words, letters and digits apart: 'ROUGE-L' for rouge_l and rougeL, 'ROUGE-2' for rouge2."""
    camel = [piece for part in parts for piece in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", part)]
    short = any(len(piece) == 1 for piece in camel) and any(len(piece) > 2 for piece in camel)
    return [re.escape(piece) for piece in camel] if len(camel) > 1 and short else []


def _by_its_parts(metric: str) -> Iterator[str]:
    """Patterns of the id's own words: 'fitting time', 'on-time rate', 'HR', 'NDCG@10', 'p95', 'query throughput'."""
    parts = own_parts(metric)
    if pieces := _pieces(parts):
        yield r"[\s_-]?".join(pieces)
    if len(parts) > 1 and all(len(part) > 1 and part.isalnum() for part in parts):
        yield r"[\s-]".join(rf"{re.escape(part)}\w*" if len(part) > 2 else re.escape(part) for part in parts)
        if parts[-1] in w.KINDS_OF_AVERAGES:  # 'macro F1' for f1_macro
            yield rf"{parts[-1]}(?:-averaged)?[\s-]{r'[ -]'.join(map(re.escape, parts[:-1]))}"
        if len(parts[-1]) > 2 and "per" not in parts and "at" not in parts:
            yield rf"(?-i:{''.join(part[0] for part in parts).upper()}s?)"  # HR for hit_rate
    if len(parts) > 2 and parts[-1] in {"rate", "ratio", "fraction", "share"}:  # '64 % are on time' of an on-time rate
        yield r"[\s-]".join(map(re.escape, parts[:-1]))
    if "at" in parts[1:-1] and parts[-1].isdigit():  # nDCG@10
        place = parts.index("at")
        head = parts[:place]
        short = rf"|(?-i:{''.join(part[0] for part in head).upper()})" if len(head) > 1 else ""
        long = "".join(rf"|{re.escape(words)}" for words in w.METRICS.get("_".join(head), ()))
        yield rf"(?:{r'[ -]'.join(map(re.escape, head))}{short}{long})(?:\s?(?:@|at)\s?{parts[-1]}(?!\d)|(?!\s?(?:@|at)\s?\d))"
    if parts and (rank := re.fullmatch(r"p(\d\d)", parts[0])):
        rest = r"[\s-]".join(map(re.escape, parts[1:]))
        ranked = rf"(?:p{rank[1]}|{rank[1]}(?:th)?[- ]percentile)"
        yield rf"(?:{rest} at the )?{ranked}(?: of)?(?: the)?(?:[\s-]{rest})?" if rest else ranked
    if parts and (rank := re.fullmatch(r"top(\d)", parts[0])):
        noun = r"accurac(?:y|ies)" if parts[1:] in ([], ["acc"], ["accuracy"]) else re.escape(" ".join(parts[1:]))
        yield rf"top-?(?:{rank[1]}|\u00b7)(?:[\s-]{noun})?"
    if parts and re.fullmatch(r"[b-df-hj-np-tv-z]{3,5}", parts[-1]) and parts[-1] not in w.METRICS:  # 'real-time factor' of rtf
        yield r"[\s-]".join(rf"{letter}[a-z]+" for letter in parts[-1])
    if "per" in parts[1:]:
        yield rf"{re.escape(parts[0][:-3] if parts[0].endswith('ies') else parts[0].removesuffix('s'))}\w* throughput"


@lru_cache(maxsize=1024)
def _pattern(metric: str, cutoff: str, *, as_perplexity: bool, as_loss: bool) -> re.Pattern[str]:
    """One pattern for all names of a metric."""
    named = [rf"(?:{re.escape(words)}\w{{0,2}}|{re.escape(words.removesuffix('y'))}ies)" for words in metric_patterns(metric)]
    named += _by_its_parts(metric)
    if as_perplexity:
        named += [r"perplexit(?:y|ies)", r"bits per \w+"]
    if as_loss:
        named += [r"loss(?:es)?"]
    if any(part in metric for part in ("hit_rate", "recall")):
        named.append(r"miss(?:es)?(?: rates?)?")
    if not _BOUNDED.isdisjoint(metric.split("_")):
        named += [rf"(?:{'|'.join(named)})[ -](?:error|deficit|shortfall)s?"]
    if not {"dice", "dsc", "iou", "miou", "jaccard"}.isdisjoint(metric.split("_")):
        named.append(r"overlap errors?")
    longest = sorted(named, key=len, reverse=True)
    place = rf"(?:\s?@\s?(?:{cutoff})(?!\d))?" if cutoff else ""
    return re.compile(rf"\b(?:(?:one|1) ?(?:minus|-) ?(?:the |its |their )?)?(?:{'|'.join(longest)}){place}(?!\w)", re.IGNORECASE)


def cutoffs(study: Study) -> str:
    """The k that were recorded for metrics at k, as a pattern."""
    return "|".join(str(study.config[key]) for key in _CUTOFFS if isinstance(study.config.get(key), int))


def metrics_in(text: str, study: Study) -> Iterator[Mention]:
    """Every place that names a metric, from the left; of two that overlap the one that begins first, then the longer one."""
    found = []
    perplexity = any(part in {"ppl", "perplexity"} for metric in study.metrics for part in metric.split("_"))
    losses = any("loss" in metric for metric in study.metrics)
    for metric, facts in study.metrics.items():
        loss = _NATS.match(facts.unit) is not None and _LOSS.search(metric) is not None and facts.direction == "min"
        pattern = _pattern(metric, cutoffs(study), as_perplexity=loss and not perplexity, as_loss=loss and not losses)
        for m in pattern.finditer(text):
            mention = Mention(metric, m.start(), m.end())
            if m[0].lower() in {"times", "ma", "mi"}:
                continue
            if m[0].lower() == "time" and _OCCASION.search(text[: m.start()]):
                continue
            if m[0].lower() in {"take", "takes"} and re.match(
                r" (?:its|place|part|effect|care|account|advantage|(?:the|all|our|these|each|every) (?:\w+ ){0,2}?(?:seeds?|runs?|pairs?|differences?|scores?|values?|means?)|as input|as pairs)\b",
                text[m.end() :],
            ):
                continue
            if m[0].lower() in {"take", "takes"} and re.match(r" (?:[a-z]+ ){0,2}[-\d.]+ ?\S* off\b", text[m.end() :]):
                continue  # 'takes 0.5 W off the error'
            if _no_duration(m, text) or _training_with(m, text):
                continue
            if m[0].lower() == "taken" and re.match(r" (?:away|out|off|together|as|from)\b", text[m.end() :]):
                continue
            found.append(mention)
    found = [_unbroken(mention, text) for mention in found]
    found.sort(key=lambda mention: (mention.start, -mention.end))
    end = -1
    for mention in found:
        if mention.start >= end:
            yield mention
            end = mention.end


_OF_THE_TIME = re.compile(
    r"(?P<amount>\b(?:needs?|takes?|took|needed|requires?|costs?|saves?|cuts?)\b[^,;.]*)?(?:%|per ?cent|most|all|half|much|thirds|quarters) of the $",
    re.IGNORECASE,
)
_AT_A_TIME = re.compile(r"\b(?:at (?:the same|a|any)|the (?:first|second|last|next)|each|every) $", re.IGNORECASE)


def _no_duration(match: re.Match[str], text: str) -> bool:
    """'correct 65 % of the time', 'at the same time': idioms of shares and of order; what takes 65 % of the time of another is measured."""
    if match[0].lower() != "time":
        return False
    ahead = text[: match.start()]
    share = _OF_THE_TIME.search(ahead)
    measured = re.match(r" (?:of|that|it|needed|required|taken|spent|for|per|by|budget)\b", text[match.end() :])
    return (share is not None and share["amount"] is None and measured is None) or _AT_A_TIME.search(ahead) is not None


_TIMED = re.compile(
    r"\b(?:takes?|took|lasts?|lasted|needs?|needed|requires?|required|finish\w*|complet\w+|longer|shorter|faster|slower|quicker|(?:run|wall|training) ?-?(?:time|clock)|seconds?|minutes?|hours?)\b"
    r"|\d ?(?:s|ms|min|h)\b",
    re.IGNORECASE,
)


def _training_with(match: re.Match[str], text: str) -> bool:
    """'training from scratch', 'training with x': what is trained is spoken of, unless its clause speaks of a duration."""
    if match[0].lower() != "training" or not re.match(r" (?:from|with|without|using|under|via|on)\b", text[match.end() :]):
        return False
    clause = re.split(r"[,;]", text[match.end() :])[0]
    return _TIMED.search(clause) is None


def _unbroken(mention: Mention, text: str) -> Mention:
    """'miss rate (one minus HR@10)': the formula in brackets explains the name before it and is part of it."""
    formula = re.match(r" ?\((?:i\.e\. ?,? ?)?(?:one|1|q) ?(?:minus|-) ?(?:the |its |their )?[\w@ -]+\)", text[mention.end :])
    return replace(mention, end=mention.end + formula.end()) if formula else mention
