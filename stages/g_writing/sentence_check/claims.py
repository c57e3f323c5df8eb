"""Claims in words that need a calculation of their own: shares of a gain, intervals that exclude zero, a place in the middle."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.comparing import metrics_of
from stages.g_writing.sentence_check.pairs import Pair, ablated, between_pairs
from stages.g_writing.sentence_check.quantities import mean
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.reasons import least_p_explained, of_the_pairs
from stages.g_writing.sentence_check.study import Study
from stages.g_writing.sentence_check.tests_named import RANK_TEST

_WHOLE = r"(?:gains?|improvements?|benefits?|differences?|advantage|reductions?|increases?|effects?)"
_SHARES = (
    (r"(?:nearly|almost|virtually|practically) (?:all|the (?:entire|whole|full))", 0.9, 1.0),
    (r"all|the (?:entire|whole|full)|the entirety|the whole", 0.98, 1.02),
    (r"(?:more than|over) half", 0.5, 1.0),
    (r"most|the (?:bulk|majority|greater part|larger part|lion's share)", 0.5, 1.0),
    (r"(?:less than|under) half|a minority|a small (?:part|share|fraction)|little", 0.0, 0.5),
    (r"(?:about |roughly )?half", 0.45, 0.55),
)
_NTHS = {"third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10}
"""Words for a share of a gain, and the range in which the share has to lie."""


NEAR_SHARE = 0.1
"""How far, as a share of itself, a share of a gain may be from the fraction that the words give."""


def claims(sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    """Reasons against the claims in words."""
    yield from _share_of_the_gain(sentence, study)
    yield from _zero_in_the_interval(sentence, study, pair)
    yield from _in_the_middle(sentence, study)
    yield from _ranks(sentence, study)
    yield from _signs(sentence, study)
    yield from _which_is_better(sentence, study)
    yield from _signs_of_differences(sentence, study, pair)
    yield from _ordering(sentence, study)
    yield from _names_of_seeds(sentence, study)
    yield from _unborne(sentence, study)
    yield from _effects_compared(sentence, study)
    yield from _gaps(sentence, study)
    yield from _turned_round(sentence)
    yield from _by_from_to(sentence)
    yield from _gap_goes(sentence)


_THAN_THAT = re.compile(
    r"\b(?:(?P<more>larger|wider|greater|bigger|higher|more)|smaller|narrower|lower|less)\b[^.;,]*\bthan (?:that|the (?:gap|difference|distance|one))? ?(?=between\b|from\b)",
    re.IGNORECASE,
)


def gaps_compared(sentence: Sentence) -> re.Match[str] | None:
    """'the gap between a and b is smaller than that between c and d': the words that compare the two."""
    pairs = between_pairs(sentence)
    said = _THAN_THAT.search(sentence.text) if len(pairs) == 2 else None
    return said if said and pairs[0][0] <= said.start() and said.end() <= pairs[1][0] else None


def _gaps(sentence: Sentence, study: Study) -> Iterator[str]:
    said = gaps_compared(sentence)
    if said is None:
        return
    metric = sentence.first_metric(study)
    sizes = []
    for _, (a, b) in between_pairs(sentence):
        one, other = mean(study, a, metric), mean(study, b, metric)
        sizes.append(None if one is None or other is None else abs(one - other))
    if None in sizes or ((sizes[0] or 0.0) > (sizes[1] or 0.0)) is (said["more"] is None):
        yield f"{said[0]!r}: the recorded gaps of {metric} say otherwise"


def _effects_compared(sentence: Sentence, study: Study) -> Iterator[str]:
    """'d_z is smaller for the comparison with a than for that with b': the recorded effect sizes of the method against both."""
    said = re.match(
        r"\W*(?:The )?(?:Cohen's d\w*|d_\{?z\}?|(?:paired |standardi[sz]ed )?effect sizes?|paired effects?(?= (?:against|over|relative to|compared|on|in)\b))[^.;]*?\b(?:(?P<up>larger|greater|higher|bigger)|smaller|lower)\b[^.;]*\bthan\b",
        sentence.text,
        re.IGNORECASE,
    )
    if said is None:
        return
    ours = study.proposed
    names = list(dict.fromkeys(mention.name for mention in sentence.conditions if mention.name != ours))
    metric = sentence.first_metric(study)
    tests = [found[0].cohens_dz for name in names if ours and (found := study.compared(ours, name, metric))]
    sizes = [abs(size) for size in tests if size is not None]
    if len(sizes) != 2:
        yield f"{said[0]!r}: two effect sizes are not recorded"
    elif (sizes[0] > sizes[1]) is (said["up"] is None):
        yield f"{said[0]!r}: the recorded effect sizes are {sizes[0]:g} and {sizes[1]:g}"


_TURNS = re.compile(
    r"\b(?:(?P<up>rais\w+|increas\w+|ris(?:es|en|ing)|rose|grows?|grew|climbs?|climbed|lifts?|lifted|boosts?|boosted)|lower(?:s|ed|ing)|reduc\w+|decreas\w+|falls?|fell|drops?|dropped|declin\w+|cuts?|shrinks?)"
    r" (?:(?!\b(?:and|while|whereas|by)\b)[^\d,;:]){0,80}?from (?:about )?$",
    re.IGNORECASE,
)


def _turned_round(sentence: Sentence) -> Iterator[str]:
    """'lowers it from 0.13 to 0.17': the two numbers themselves go the other way."""
    for first, second in itertools.pairwise(sentence.numbers):
        said = _TURNS.search(sentence.text[: first.start])
        joined = re.fullmatch(r"\s?%? ?(?:[a-z]+ )?to (?:about )?-?", sentence.text[first.end : second.start])
        if (
            said
            and joined
            and first.unit == second.unit
            and first.value != second.value
            and (second.value > first.value) is (said["up"] is None)
        ):
            yield f"{said[0]!r}: the numbers go the other way"


_GAP_GOES = re.compile(
    r"\b(?:gap|lead|difference|margin|advantage|distance|deficit|gain|it|this|that) (?:then )?(?:(?P<up>widens?|widened|grows?|grew|increases?|increased|rises?|rose|opens up)|narrows?|narrowed|shrinks?|shrank|decreases?|decreased|falls?|fell|drops?|dropped|closes) to (?:about |just |only )?$",
    re.IGNORECASE,
)


def _gap_goes(sentence: Sentence) -> Iterator[str]:
    """'leads by 30.6 with seed 0, and the gap widens to 34.9 with seed 2': the second number against the first."""
    for number in sentence.numbers:
        said = _GAP_GOES.search(sentence.text[: number.start])
        before = [other for other in sentence.numbers if said and other.end <= said.start() and not other.word and "." in other.text]
        alike = [other for other in before if other.unit == number.unit]
        if said and alike and (number.value > alike[-1].value) is (said["up"] is None):
            yield f"{said[0].strip()!r}: {alike[-1].text} was said before"


_BEFORE_FROM = re.compile(
    r"\s?(?:(?:percentage |accuracy )?points?|pp|%|[A-Za-z/]+)?[,(]? ?(?:that is,? |i\.e\.,? |namely )?from (?:about |an? (?:[\w-]+ ){1,3}of )?"
)
_TO = re.compile(r"\s?(?:%|[A-Za-z/]+)? to (?:about |just |only |an? (?:[\w-]+ ){1,3}of )?")
_GAIN_BEHIND = re.compile(
    r"\s?(?:%|[A-Za-z/]+)?[,(]* ?(?:that is,? |i\.e\.,? |thus |or )?(?:by|an? (?:[\w-]+ )?(?:gain|improvement|reduction|drop|increase|decrease|difference|rise|change|cut|jump|fall|saving) of) (?:about |only |just |an? )?"
)


def _by_from_to(sentence: Sentence) -> Iterator[str]:
    """'by 2.5 points, from 73.9 % to 75.6 %': the step is the distance of the two values, or their change in per cent."""
    for k in range(len(sentence.numbers) - 2):
        a, b, c = sentence.numbers[k : k + 3]
        first, second = sentence.text[a.end : b.start], sentence.text[b.end : c.start]
        if (
            _BEFORE_FROM.fullmatch(first)
            and _TO.fullmatch(second)
            and re.search(r"\b(?:by|of) (?:about |only |just |an? )?$", sentence.text[: a.start])
        ):
            step, start, end = a, b, c
        elif _TO.fullmatch(first) and _GAIN_BEHIND.fullmatch(second) and re.search(r"\bfrom (?:about )?$", sentence.text[: a.start]):
            start, end, step = a, b, c
        else:
            continue
        if step.word or step.unit in {"x", "min", "h", "ms", "day"} or start.unit != end.unit or start.value == 0:
            continue
        rounding = (start.step + end.step + step.step) / 2 * (1 + 1e-6)
        apart = abs(end.value - start.value)
        shares = apart / abs(start.value) * 100
        fraction = step.unit in {"pp", "points"} and max(abs(start.value), abs(end.value)) <= 1 and not start.unit
        holds = abs(step.value - apart * (100 if fraction else 1)) <= rounding * (100 if fraction else 1)
        slack = step.step / 2 + 100 * (start.step + end.step) / 2 / abs(start.value) * (1 + shares / 100)
        if not (holds and step.unit != "%") and not (
            step.unit == "%" and (abs(step.value - shares) <= slack or (start.unit == "%" and holds))
        ):
            yield f"{step.text!r}: from {start.text} to {end.text} it is another step"


def _names_of_seeds(sentence: Sentence, study: Study) -> Iterator[str]:
    """'Seeds 0 to 3 were used': all of those that were planned, and no other; a part of them where the sentence says of which."""
    said = sentence.find(
        r"\bseeds(?: used| were| are| run from| ran from| range from| numbered| numbers|:)* (?P<list>\d+(?:(?:, and |, | and | ?- ?| to | through )\d+)+)(?![\d.]*\d|[%\w])"
    )
    if said is None:
        return
    listed = [int(each) for each in re.findall(r"\d+", said["list"])]
    if re.search(r"-| to | through ", said["list"]) and len(listed) == 2:
        listed = list(range(listed[0], listed[1] + 1))
    names = {int(seed) for seed in study.seed_names if seed.isdigit()}
    whole = not sentence.has(
        r"crash\w*|fail\w*|diverg\w*|only|except|miss\w*|lost|lacks?|ran out|aborted|on|for|without"
    ) or sentence.has("use[ds]?|all")
    if not set(listed) <= names or (
        whole and set(listed) != names and not sentence.has(r"crash\w*|fail\w*|miss\w*|ran out|diverg\w*")
    ):
        yield f"{said[0]!r}: the seeds are {', '.join(map(str, sorted(names)))}"


def _share_of_the_gain(sentence: Sentence, study: Study) -> Iterator[str]:
    """'Augmentation accounts for most of the gain': what its removal costs, over what the whole method gains."""
    exact = sentence.find(
        rf"\b(?P<k>an?|one|two|three|four|five|six) (?P<n>{'|'.join(_NTHS)})s? of (?:the|this|that|our|its) (?:\w+ ){{0,2}}?{_WHOLE}\b"
    )
    if exact:
        said = w.NUMBER_WORDS.get(exact["k"].lower(), 1) / _NTHS[exact["n"].lower()]
        share = _share(sentence, study)
        if share is None or abs(share / said - 1) > NEAR_SHARE:
            yield f"{exact[0]!r}: " + ("no such share follows from the record" if share is None else f"the share is {share:.2f}")
        return
    for pattern, low, high in _SHARES:
        match = sentence.find(rf"\b(?:{pattern}) (?:of )?(?:the|this|that|our|its) (?:\w+ ){{0,2}}?{_WHOLE}\b")
        if match is None:
            continue
        share = _share(sentence, study)
        if share is None or not low <= share <= high:
            yield f"{match[0]!r}: " + ("no such share follows from the record" if share is None else f"the share is {share:.2f}")
        return


def _share(sentence: Sentence, study: Study) -> float | None:
    without, main = ablated(sentence, study), study.main_pair
    named = [m.name for m in sentence.conditions if main and m.name not in main]
    without = without or (named[0] if named else None)
    if without is None or main is None:
        return None
    metric = sentence.first_metric(study)
    full, base, less = (mean(study, name, metric) for name in (*main, without))
    if full is None or base is None or less is None or full == base:
        return None
    lost = (full - less) / (full - base)
    return 1 - lost if sentence.has("remain\\w*|kept|keeps?|retain\\w*|surviv\\w*|persist\\w*|preserv\\w*") else lost


def _zero_in_the_interval(sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    """'the interval excludes zero' against the recorded ends."""
    said = re.search(
        r"\b(?P<out>exclud\w*|(?:entirely |wholly |strictly |well |stays? |lies |is |away )*(?:above|below|from)|positive|far from)"
        r"\s+(?:zero|0)(?!\w|\.\d)|\b(?P<in>includ\w*|contain\w*|cover\w*|cross\w*|span\w*|overlap\w*|straddl\w*)(?: with)? (?:zero|0)(?!\w|\.\d)",
        sentence.text,
        re.IGNORECASE,
    )
    if said is None or not sentence.has("intervals?|CIs?|bounds?|ends?"):
        return
    denied = re.search(rf"{w.NEGATED}(?:\s+\w+){{0,1}}\s*$", sentence.text[: said.start()], re.IGNORECASE) is not None
    inside = (said["in"] is not None) is not denied
    metric = sentence.first_metric(study)
    tests = [found for a, b in pair.options if (found := study.compared(a, b, metric)) and found[0].ci95]
    if not tests:
        yield f"{said[0]!r}: no interval was recorded"
    for test, sign in tests:
        low, high = sorted(sign * end for end in test.ci95 or ())
        wrong_side = (re.search("above|positive", said[0]) and high < 0) or (re.search("below", said[0]) and low > 0)
        if (low <= 0 <= high) is not inside or (wrong_side and not denied):
            yield f"{said[0]!r}: the recorded interval is [{low:g}, {high:g}]"


def _in_the_middle(sentence: Sentence, study: Study) -> Iterator[str]:
    """'lies between the other two': of three conditions the one whose mean is neither the highest nor the lowest."""
    said = sentence.find(r"\b(?:in )?between (?:the (?:other )?two|the others|both|them)\b|\bintermediate\b")
    if said is None or re.search(r"\b(?:difference|gap|differences|distance)\s*$", sentence.text[: said.start()]):
        return
    metric = sentence.first_metric(study)
    means = {name: value for name in study.conditions if (value := mean(study, name, metric)) is not None}
    if not sentence.conditions or not min(means.values()) < means.get(sentence.conditions[0].name, min(means.values())) < max(
        means.values()
    ):
        yield f"{said[0]!r}: the recorded means say otherwise"


_RANKS = {"first": 1, "second": 2, "third": 3, "last": 0}


def _ranks(sentence: Sentence, study: Study) -> Iterator[str]:
    """'the second-best optimiser is Adam', 'Adam comes second': the place of one condition by the mean of one metric."""
    said = sentence.find(
        rf"\b(?P<place>second|third)[- ](?P<of>best|highest|lowest|fastest|slowest|worst|largest|smallest|longest|shortest)\b(?! (?:(?!(?:{w.CONDITION_NOUNS})\b)[\w\u00b7-]+ )?(?:{w.SEED_NOUNS})\b)|\b(?:comes?|came|ranks?|ranked|is|finish\w*|places?|placed)(?: in)? (?P<plain>first|second|third|last)\b(?! (?:of|to|seed|run|time))"
    )
    if said is None:
        return
    if not sentence.conditions:
        yield f"{said[0]!r}: nobody is named"
        return
    speed = said["of"] in {"fastest", "slowest"}
    metric = next((m.name for m in sentence.metrics), None) or next(
        (name for name, _ in metrics_of(sentence, study, said.end(), "faster" if speed else "better")), ""
    )
    subject = min(sentence.conditions, key=lambda mention: min(abs(mention.end - said.start()), abs(mention.start - said.end()))).name
    means = {name: value for name in study.conditions if (value := mean(study, name, metric)) is not None}
    upward = study.metrics[metric].direction == "max"
    falling = (
        said["of"] in {"highest", "largest", "longest"}
        or (said["of"] in {"best", "fastest", None} and upward)
        or (said["of"] in {"worst", "slowest"} and not upward)
    )
    order = sorted(means, key=lambda name: means[name], reverse=falling)
    place = _RANKS[(said["place"] or said["plain"]).lower()]
    if place > len(order) or order[place - 1] != subject:
        yield f"{said[0]!r}: the recorded means say otherwise"


def _signs(sentence: Sentence, study: Study) -> Iterator[str]:
    """'a positive return' of a negative one."""
    for mention in sentence.metrics:
        said = re.search(r"\b(positive|negative|non-negative|zero)(?: \w+){0,2}? $", sentence.text[: mention.start], re.IGNORECASE)
        if said is None:
            continue
        values = [
            study.conditions[name][mention.name].mean
            for name in ({m.name for m in sentence.conditions} or study.conditions)
            if mention.name in study.conditions[name]
        ]
        right = {"positive": lambda v: v > 0, "negative": lambda v: v < 0, "non-negative": lambda v: v >= 0, "zero": lambda v: v == 0}
        if not all(right[said[1].lower()](value) for value in values):
            yield f"{said[1]!r}: the recorded means are not"


def _signs_of_differences(sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    """'All five paired differences are positive'."""
    said = sentence.find(r"\b(?:all|each|every)\b[^.,;]*\bdifferences?\b[^.,;]*\b(positive|negative|in (?:its|our|the same) favou?r)")
    if said is None:
        return
    metric = sentence.first_metric(study)
    for a, b in pair.options[:1]:
        one, other = study.conditions[a][metric].seeds, study.conditions[b][metric].seeds
        gaps = [one[seed] - other[seed] for seed in one if seed in other]
        if not (all(gap < 0 for gap in gaps) if said[1] == "negative" else all(gap > 0 for gap in gaps)):
            yield f"{said[0]!r}: not for every seed"


_ACHIEVED = re.compile(
    r"\b(?:solv\w+|converg\w+|overfit\w*|underfit\w*|diverg\w+|collaps\w+|saturat\w+|plateau\w*|stabili[sz]\w+|accelerat\w+|exhibit\w*|demonstrat\w+"
    r"|prov(?:es?|en|ed)|guarantee\w*|enabl\w+|eliminat\w+(?! (?:about |roughly )?\d)|(?:prevent|avoid)\w*(?! (?:about |roughly )?\d)|dominat\w+|excel\w*|succe\w+|struggl\w+|suffer\w*|mitigat\w+|alleviat\w+"
    r"|memori[sz]\w+|learn(?:s|ed)(?! (?:models?|methods?|ones|networks?|policies|policy|rules?|dispatchers?|systems?|features?|representations?|positions?|embeddings?))|(?<!test )(?<!tests )confirm\w*(?! by (?:[\w-]+ ){0,4}?(?:t-)?tests?\b)|caus(?:es?|ed|ing)|regulari[sz]es|retain\w*|preserv\w*|encourag\w+|promot\w+|sensitiv\w+|insensitiv\w+|novel|consistently"
    r"|always|never(?! (?:\w+ )?(?:below|above|under|over|falls?|drops?|gets?|got|goes|exceeds?|reach\w*|rises?|worse|better))|universal\w*|in general|regardless)\b",
    re.IGNORECASE,
)
_CAUSE = re.compile(
    r"\b(?:because|due to|thanks to|owing to|caused by|explained by|attribut\w+ to|stem\w* from|result\w* from)\b", re.IGNORECASE
)


def _decided(sentence: Sentence, study: Study, cause: re.Match[str]) -> bool:
    """'We study a because …': the reason for what the authors did, with no result in it; or for the least p that a rank test gives.

    Nor is a share that is 'due to' a part which was taken away a guess: its number is held against the ablation.
    """
    did = r"\W*(?:Here,? |In this \w+,? )?(?:we|our (?:study|analysis)) (?:\w+ly )?(?:stud(?:y|ied)|chose|choose|selected?|us(?:e|ed)|pick(?:ed)?|adopt(?:ed)?|consider(?:ed)?|focus(?:ed)?|includ(?:e|ed)|exclud(?:e|ed)|omit(?:ted)?|refrain(?:ed)?)\b"
    of_a_test = (
        of_the_pairs(sentence, cause)
        and sentence.has("Wilcoxon|signed-rank")
        and sentence.has(r"minimum|smallest|lowest|least")
        and sentence.has("p|p-values?")
    )
    chosen = re.match(did, sentence.text[: cause.start()], re.IGNORECASE) is not None and not sentence.numbers
    fraction = rf"\b(?:{'|'.join(_NTHS)})s? of (?:the|this|that|our|its) (?:\w+ )?{_WHOLE}"
    share = (
        re.search(
            rf"(?:\d\S*(?: points?| pp)?(?: of (?:these|those|them|which|this))?|{fraction}) (?:is|are|was|were) $",
            sentence.text[: cause.start()],
        )
        is not None
    )
    return (
        chosen
        or of_a_test
        or (
            of_the_pairs(sentence, cause)
            and (least_p_explained(sentence) or (RANK_TEST.search(sentence.text) is not None and not sentence.conditions))
        )
        or (share and ablated(sentence, study) is not None)
    )


def _unborne(sentence: Sentence, study: Study) -> Iterator[str]:
    """Achievements and causes that scores over seeds cannot bear out; of seeds and runs the counts speak."""
    cause = _CAUSE.search(sentence.text)
    spoken = (
        sentence.conditions
        or sentence.metrics
        or sentence.has("gains?|improvements?|effects?|differences?|advantage|overhead|Wilcoxon|signed-rank")
    )
    if (
        cause
        and re.match(r" (?:mere |pure )?(?:chance|luck)\b", sentence.text[cause.end() :])
        and re.search(r"\b(?:not|unlikely to be) $", sentence.text[: cause.start()])
    ):
        cause = None  # a claim of significance
    if (
        cause
        and spoken
        and not _decided(sentence, study, cause)
        and not sentence.cited
        and not re.search(r"\b(?:seeds?|runs?)\b", sentence.text[cause.end() :])
    ):
        yield f"{cause[0]!r}: nothing was recorded that could bear it out"
    if sentence.cited or sentence.has(rf"{w.HEDGED}|seeds?|runs?|crash\w*") or ablated(sentence, study):
        return
    words = [part for metric in study.metrics for part in metric.split("_") if len(part) > 5]
    own = "|".join(rf"{re.escape(word[:5])}\w*" for word in words)  # 'succeeds' of a success rate
    text = re.sub(rf"\b(?:{own})", "\u2022", sentence.without_conditions, flags=re.IGNORECASE) if own else sentence.without_conditions
    said = _ACHIEVED.search(text)
    if said and sentence.conditions:
        yield f"{said[0]!r}: nothing was recorded that could bear it out"


def _which_is_better(sentence: Sentence, study: Study) -> Iterator[str]:
    """'higher returns are better', '(lower is better)': the direction of the metric."""
    said = sentence.find(r"\b(higher|lower|larger|smaller)(?: [\w-]+){0,2}? (?:is|are) (better|worse)\b")
    if said is None or not sentence.metrics:
        return
    upward = (said[1].lower() in {"higher", "larger"}) is (said[2].lower() == "better")
    metric = min(sentence.metrics, key=lambda mention: abs(mention.start - said.start())).name
    if (study.metrics[metric].direction == "max") is not upward:
        yield f"{said[0]!r}: {metric} goes the other way"


def _ordering(sentence: Sentence, study: Study) -> Iterator[str]:
    """'the ranking is a, b, c': from the best to the worst."""
    said = sentence.find(
        r"\b(?:ranking|order|ordering) (?:of [\w ]+ )?(?:by [\w ]+?)?(?:is|reads|becomes)\b(?! (?:reversed|the same|unchanged|not))"
    )
    sorted_by = sentence.find(
        r"\bin (?:the )?order of (?:(?P<up>increasing|ascending|rising|growing)|(?:decreasing|descending|falling))\b"
    )
    said = said or sorted_by
    names = list(dict.fromkeys(m.name for m in sentence.conditions if said and m.start >= said.end()))
    if said is None or len(names) < 2:
        return
    metric = sentence.first_metric(study)
    values = [value if (value := mean(study, name, metric)) is not None else 0.0 for name in names]
    falling = sorted_by["up"] is None if sorted_by else study.metrics[metric].direction == "max"
    if values != sorted(values, reverse=falling):
        yield f"{said[0]!r}: the recorded means of {metric} are in another order"
