"""'When the decoder is frozen', where only a frozen encoder was studied: what is done to something else, or is not done."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study


def done_to_others(sentence: Sentence, study: Study) -> Iterator[str]:
    """Reasons against the numbers of a sentence that names no condition and whose circumstance is that of none."""
    if sentence.conditions or sentence.cited or not any("." in number.text or number.unit for number in sentence.numbers):
        return
    for participle, noun in {
        tuple(name.split("_", maxsplit=1)) for name in study.conditions if re.fullmatch(r"[a-z]{3,}(?:ed|en)_[a-z]{4,}", name)
    }:
        said = sentence.find(
            rf"\b(?:when|if|once|where|with) (?:the |all |its )?(?P<noun>[a-z-]+) (?:is|are|was|were|being) (?P<not>not )?{participle}\b"
        )
        if said and (said["not"] or not said["noun"].lower().startswith(noun.removesuffix("s"))):
            yield f"{said[0]!r}: no such condition was recorded"
