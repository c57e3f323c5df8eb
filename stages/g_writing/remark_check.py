"""What no remark about the results may hold, read by the rules of the paper before it is on record."""

from __future__ import annotations

import re
from collections.abc import Collection

from stages.contracts import Results
from stages.errors import ManuscriptRefused
from stages.g_writing.claims import BETTER, CERTAIN, WORSE, claims_table
from stages.g_writing.lint import lint
from stages.g_writing.markdown import parse
from stages.g_writing.recorded_study import RecordedStudy
from stages.g_writing.typed_sentences import Desk, advised
from stages.g_writing.values import render_values

CHECKED = frozenset({"numeral", "placeholder", "citation", "maths"})
"""Rules of the lint that a single remark can break; the others are about a whole paper."""

_JUDGES = re.compile("|".join(pattern.pattern.removeprefix("(?i)") for pattern in (BETTER, WORSE, CERTAIN)), re.IGNORECASE)
"""Words that decide between conditions; 'more steps than' tells what was counted."""

_COUNTED = re.compile(
    r"(?i)\b(?:two|three|four|five|six|seven|eight|nine|ten|half|twice|double[sd]?)\b"
    r"(?:,? (?:out )?of (?:the |all )?\w+|(?: \w+)? (?:seeds?|runs?|pairs?|times|percent|per cent|bits?|bpb|steps?)\b)"
)
"""A count in words, of what the record counts; 'the two factors' and 'the last two checkpoints' measure nothing."""


def remark_faults(text: str, results: Results, names: Collection[str]) -> tuple[str, ...]:
    """A value without a record, a typed numeral, or a comparison that the results do not bear out.

    names: phrases of the study that may hold digits, as in `lint`.
    """
    try:
        document = parse(f"# Remarks\n\n## Discussion {{#sec:discussion}}\n\n{text}\n")
        render_values(document, results)
    except ManuscriptRefused as refusal:
        return (str(refusal),)
    desk = Desk(RecordedStudy(results, {}, frozenset(names)))
    found = [
        finding.message
        for finding in advised(lint(document, citation_keys=(), figure_ids=(), names=names), document, desk)
        if finding.gate and (finding.rule in CHECKED or (finding.rule == "claim" and _JUDGES.search(finding.quote)))
    ]
    found += [f"the count {match[0]!r} is typed; give it by its key" for match in _COUNTED.finditer(text)]
    found += [
        f"{claim.verdict}: {claim.sentence!r} ({claim.reason})"
        for claim in claims_table(document, results)
        if claim.verdict != "supported"
    ]
    return tuple(found)
