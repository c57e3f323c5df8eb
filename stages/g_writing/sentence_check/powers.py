"""Errors of a logarithm told as factors: an error of 0.62 log units is off by a factor of 4.2."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.g_writing.sentence_check.agreement import holds
from stages.g_writing.sentence_check.quantities import Quantity, mean
from stages.g_writing.sentence_check.reading import Number, Sentence
from stages.g_writing.sentence_check.study import Study

_LOG_UNIT = re.compile(r"log(?:10)?(?:$|[ _(])|dex$", re.IGNORECASE)
_FACTOR = re.compile(r"\bby a factor (?:of )?(?:about |roughly |around |approximately |nearly |almost )?$", re.IGNORECASE)
LARGEST_LOG = 12.0
"""Decades beyond which nobody tells a factor."""


def powers_of_ten(number: Number, sentence: Sentence, study: Study) -> Iterator[Quantity]:
    """Ten to the mean error of the one condition that is named, where the metric is recorded in decadic log units."""
    names = {mention.name for mention in sentence.conditions}
    ahead = sentence.text[: number.start]
    off = re.search(r"\b(?:miss(?:es|ed)?|errs?|(?:is|are|was|were) (?:\w+ )?(?:off|wrong))\b[^,;]*$", ahead)
    if len(names) != 1 or not _FACTOR.search(ahead) or off is None:
        return
    (name,) = names
    for metric, facts in study.metrics.items():
        value = mean(study, name, metric) if _LOG_UNIT.match(facts.unit) and facts.direction == "min" else None
        if value is not None and 0 < value < LARGEST_LOG and holds(number, sentence.near(number)[0], 10**value):
            yield Quantity(10**value, f"10^({name}.{metric}.mean)")
