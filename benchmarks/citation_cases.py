"""How well references are told apart: `python benchmarks/citation_cases.py FILE [--bib FILE] [--json] [--quiet]`.

FILE is a JSON list of labelled references, each with `id`, `label` ('real' or 'fabricated'), `kind` and `fields` (BibTeX names).
Each is checked against the embedded catalogue alone, or with --bib also against a user's library. A reference counts as passed
when its verdict is 'verified', and as nothing else: a real one that is not checked was not verified. Exit code 1 when a real
reference was not verified or a fabricated one passed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from researchclaw.adapters.user_library import OfflineLibrary, library_of
from stages.contracts import CitedWork
from stages.h_finalization.references.reference import reference_of_fields


def verdicts(cases: list[dict[str, object]], library: OfflineLibrary) -> tuple[CitedWork, ...]:
    """One verdict for each case, in order."""
    references = [reference_of_fields(str(case["id"]), {str(k): str(v) for k, v in dict(case["fields"]).items()}) for case in cases]
    return library.check(references)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--bib", type=Path, action="append", default=[], help="A .bib whose works count as known; may be given often.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    parser.add_argument("--quiet", action="store_true", help="Leave out the list of what went wrong.")
    given = parser.parse_args()

    cases = json.loads(given.file.read_text(encoding="utf-8"))
    found = list(zip(cases, verdicts(cases, library_of(given.bib)), strict=True))
    real = [(case, cited) for case, cited in found if case["label"] == "real"]
    fabricated = [(case, cited) for case, cited in found if case["label"] != "real"]
    passed = [(case, cited) for case, cited in fabricated if cited.verdict == "verified"]
    lost = [(case, cited) for case, cited in real if cited.verdict != "verified"]
    kinds = Counter((case["label"], case["kind"], cited.verdict) for case, cited in found)
    if given.json:
        rows = [
            {"label": label, "kind": kind, "verdict": verdict, "count": count}
            for (label, kind, verdict), count in sorted(kinds.items())
        ]
        figures = {
            "real": len(real),
            "real_verified": len(real) - len(lost),
            "fabricated": len(fabricated),
            "fabricated_passed": len(passed),
        }
        print(json.dumps({**figures, "by_kind": rows}, indent=1))
    else:
        for (label, kind, verdict), count in sorted(kinds.items()):
            print(f"{label:<11} {kind:<34} {verdict:<12} {count}")
        for case, cited in () if given.quiet else (*lost, *passed):
            print(f"WRONG {case['label']} {case['id']} ({case['kind']}): {cited.verdict}: {'; '.join(cited.evidence)}")
        print(f"real verified: {len(real) - len(lost)} of {len(real)}")
        print(f"fabricated passed: {len(passed)} of {len(fabricated)}")
    return 1 if lost or passed else 0


if __name__ == "__main__":
    sys.exit(main())
