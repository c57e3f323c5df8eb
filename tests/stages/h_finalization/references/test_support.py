"""A citing sentence must speak of what the work is about."""

from stages.contracts import CitedWork, Work
from stages.g_writing.markdown import parse
from stages.h_finalization.references.support import supported_sentences, with_support

WORKS = (
    Work(
        key="a2015adam",
        title="Adam: A Method for Stochastic Optimization",
        authors=("A B",),
        year=2015,
        venue="ICLR",
        type="conference",
        gist="introduced adaptive moment estimates",
        confirmed_by=("catalogue",),
    ),
    Work(key="d2020grok", title="Grokking", authors=("D E",), year=2020, venue="arXiv", type="preprint", confirmed_by=("catalogue",)),
)
TEXT = """# T

## Abstract

Adaptive moments set the step [@a2015adam]. Bananas are yellow [@d2020grok; @a2015adam].
"""


def test_shared_words_are_kept_and_their_absence_is_weak() -> None:
    table = supported_sentences(parse(TEXT, ("A. B.",)), WORKS)
    assert [(entry.key, entry.weak) for entry in table] == [("a2015adam", False), ("d2020grok", True), ("a2015adam", True)]
    assert table[0].shared == ("adaptive", "moments")
    assert "adaptive moment estimates" in table[0].rests_on


def test_the_fourth_layer_changes_no_verdict() -> None:
    table = supported_sentences(parse(TEXT, ("A. B.",)), WORKS)
    (cited,) = with_support([CitedWork(key="d2020grok", verdict="verified", evidence=("fine",))], table)
    assert cited.verdict == "verified"
    assert cited.layers[-1].outcome == "weak"
