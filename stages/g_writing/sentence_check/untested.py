"""'No test was carried out': true exactly where no test of what the sentence speaks of is on record."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study

_TEST = (
    r"(?:(?:significance|hypothesis|statistical|formal|paired|inferential|t-|rank) ?)*(?:tests?|testing)(?! (?:set|split|accuracy|error|loss|images?|data|cases|time|score|perplexity|return)\b)"
    r"|p[- ]?values?|(?:claims? of |statements? (?:about|on) )?(?:statistical )?significance"
)
_MADE = r"carried out|performed|run|conducted|done|computed|reported|made|attempted|applied|claimed|given|reported|possible|available|undertaken"
_UNTESTED = re.compile(
    rf"\bno (?:[\w-]+ ){{0,2}}?(?:{_TEST})(?: of [\w ]{{1,40}}?| for [\w ]{{1,40}}?)? (?:was|were|is|are|has been|have been|could be|can be) (?:{_MADE})\b"
    rf"|\b(?:did|do|does|have|has|could|can|was|were) (?:not|n't) (?:\w+ )?(?:test(?:ed)? (?:for|the significance)|(?:(?:carry|carried) out|subject(?:ed)? to|undergo(?:ne)?|run|perform\w*|conduct\w*|report\w*|comput\w*|claim\w*|attempt\w*) (?:any |an? )?(?:[\w-]+ ){{0,2}}?(?:{_TEST}))"
    rf"|(?:{_TEST})(?: of [\w ]{{1,30}}?)?(?: would be [\w ]{{1,30}}? and)? (?:is|are|was|were) (?:therefore |thus |hence )?(?:left out|omitted|skipped|forgone|dispensed with|not (?:{_MADE}))\b"
    rf"|\b(?:refrain\w*|abstain\w*) from (?:[\w-]+ ){{0,3}}?(?:{_TEST})|\b(?:forgo|forwent|forego|omit|omitted|skip|skipped) (?:any |all )?(?:[\w-]+ ){{0,2}}?(?:{_TEST})"
    rf"|\b(?:carried out|ran|performed|conducted|reports?|reported|gives?|gave|makes?|made|claims?|computed?) no (?:[\w-]+ ){{0,2}}?(?:{_TEST})"
    r"|\btoo (?:few|small|little)\b[^.;]*\b(?:claim|test|speak of|assert|establish|assess|judge)\b[^.;]*\bsignifican|\btoo (?:few|small) (?:for|to)\b[^.;,]*\b(?:test|testing)\b"
    rf"|\b(?:do(?:es)? not|don't|not) (?:suffice|enough|sufficient) (?:for|to (?:run|carry out|perform|conduct|justify|warrant)) (?:any |an? )?(?:[\w-]+ ){{0,2}}?(?:{_TEST})",
    re.IGNORECASE,
)
_OF_A_NAMED_TEST = re.compile(r"Wilcoxon|signed-rank|\bt-test|Student|\bsignificant\b")
"""What a test could reach with so few seeds is another claim."""


def untested(sentence: Sentence) -> re.Match[str] | None:
    """The words that say that nothing was tested."""
    return None if _OF_A_NAMED_TEST.search(sentence.text) else _UNTESTED.search(sentence.text)


def on_record(sentence: Sentence, study: Study) -> Iterator[str]:
    """Reasons against saying so: a recorded test of the metrics and conditions that are named, of any where none is."""
    said = untested(sentence)
    if said is None:
        return
    metrics = {mention.name for mention in sentence.metrics} or set(study.metrics)
    names = {mention.name for mention in sentence.conditions}
    for key in study.comparisons:
        pair, _, metric = key.partition("/")
        if metric in metrics and names <= set(pair.split("_vs_")):
            yield f"{said[0]!r}: {key} was tested"
