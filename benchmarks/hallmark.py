"""How a split of the HALLMARK benchmark is judged: `python benchmarks/hallmark.py FILE [--bib FILE] [--json] [--wrong]`.

FILE is JSON Lines, one labelled BibTeX entry a line (HALLMARK, arXiv:2607.18360, MIT). Each entry is checked against the embedded
catalogue alone, or with --bib also against a user's library. The catalogue holds few of the works, so most entries are 'not
checked'; the figures say for valid and for hallucinated ones how many were verified, contradicted, and left unchecked.

passed: hallucinated entries with the verdict 'verified'. false alarms: valid ones with a contradiction (mismatch, retracted).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from researchclaw.adapters.user_library import library_of
from stages.contracts import CitedWork
from stages.h_finalization.references.reference import reference_of_fields

Judged = list[tuple[dict[str, object], CitedWork]]


def judged(file: Path, bib: list[Path]) -> Judged:
    """Each line of the file with its verdict."""
    entries = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    references = [reference_of_fields(entry["bibtex_key"], entry["fields"]) for entry in entries]
    return list(zip(entries, library_of(bib).check(references), strict=True))


def known(cited: CitedWork) -> bool:
    """A record was found that is about the work."""
    return any(layer.layer == "record" and layer.outcome in ("agrees", "differs") for layer in cited.layers)


def figures(found: Judged) -> dict[str, int]:
    valid = [cited for entry, cited in found if entry["label"] == "VALID"]
    made_up = [cited for entry, cited in found if entry["label"] != "VALID"]
    return {
        "valid": len(valid),
        "valid_known": sum(map(known, valid)),
        "valid_verified": sum(cited.verdict == "verified" for cited in valid),
        "false_alarms": sum(cited.verdict in ("mismatch", "not found", "retracted") for cited in valid),
        "hallucinated": len(made_up),
        "hallucinated_known": sum(map(known, made_up)),
        "detected": sum(cited.verdict in ("mismatch", "not found", "retracted") for cited in made_up),
        "passed": sum(cited.verdict == "verified" for cited in made_up),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--bib", type=Path, action="append", default=[], help="A .bib whose works count as known; may be given often.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    parser.add_argument("--wrong", action="store_true", help="List the false alarms and what passed.")
    given = parser.parse_args()

    found = judged(given.file, given.bib)
    numbers = figures(found)
    kinds = Counter((str(entry.get("hallucination_type") or "valid"), cited.verdict) for entry, cited in found)
    if given.json:
        rows = [{"type": kind, "verdict": verdict, "count": count} for (kind, verdict), count in sorted(kinds.items())]
        print(json.dumps({**numbers, "by_type": rows}, indent=1))
        return 0
    for (kind, verdict), count in sorted(kinds.items()):
        print(f"{kind:<26} {verdict:<12} {count}")
    if given.wrong:
        for entry, cited in found:
            alarm = entry["label"] == "VALID" and cited.verdict in ("mismatch", "not found", "retracted")
            if alarm or (entry["label"] != "VALID" and cited.verdict == "verified"):
                print(f"WRONG {entry['label']} {cited.key}: {cited.verdict}: {'; '.join(cited.evidence)}")
                print(f"      {entry['fields']}")
                print(f"      {entry.get('explanation')}")
    print(" ".join(f"{name}={value}" for name, value in numbers.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
