"""What no remark about the results may hold, read by the rules of the paper before it is on record."""

from __future__ import annotations

import re
from collections.abc import Collection

from stages.contracts import Results
from stages.errors import ManuscriptRefused
from stages.g_writing.claims import claims_table
from stages.g_writing.lint import lint
from stages.g_writing.markdown import parse
from stages.g_writing.values import render_values

CHECKED = frozenset({"numeral", "number word", "claim", "placeholder", "citation", "maths"})
"""Rules of the lint that a single remark can break; the others are about a whole paper."""

_COUNTED_BEFORE = re.compile(r"(?i)\b(the|these|both|of) (?:two|three)\b")
"""'The two factors' points at what was named; it counts nothing that was measured."""


def remark_faults(text: str, results: Results, names: Collection[str]) -> tuple[str, ...]:
    """A value without a record, a typed numeral, or a comparison that the results do not bear out.

    names: phrases of the study that may hold digits, as in `lint`.
    """
    plain = _COUNTED_BEFORE.sub(r"\1", text)
    try:
        document = parse(f"# Remarks\n\n## Discussion {{#sec:discussion}}\n\n{plain}\n")
        render_values(document, results)
    except ManuscriptRefused as refusal:
        return (str(refusal),)
    found = [
        finding.message
        for finding in lint(document, citation_keys=(), figure_ids=(), names=names)
        if finding.gate and finding.rule in CHECKED
    ]
    found += [
        f"{claim.verdict}: {claim.sentence!r} ({claim.reason})"
        for claim in claims_table(document, results)
        if claim.verdict != "supported"
    ]
    return tuple(found)
