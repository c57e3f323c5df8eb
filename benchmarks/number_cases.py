"""How many fabricated sentences pass, and how many true ones are refused: `python benchmarks/number_cases.py FILE [--verbose]`.

FILE: JSON with `contexts` (results of small studies) and `cases` (sentences labelled ok or fabricated). A true sentence that
needs references counts as passed only where the tool proposes a reference for each of its numbers and the rewritten sentence
holds no other numeral. Aims: at most 2 % of the fabricated accepted, at most 10 % of the true ones refused.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from stages.g_writing.sentence_check.check import judge
from stages.g_writing.sentence_check.study import Study


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", type=Path)
    parser.add_argument("--verbose", action="store_true", help="every wrong judgement, and every proposed reference")
    options = parser.parse_args()
    content = json.loads(options.file.read_text(encoding="utf-8"))
    studies = {name: Study.model_validate(context) for name, context in content["contexts"].items()}
    counts: Counter[tuple[str, str]] = Counter()
    for case in content["cases"]:
        judgement = judge(case["sentence"], studies[case["context"]])
        counts[case["label"], judgement.verdict] += 1
        wrong = (judgement.verdict == "refused") is (case["label"] == "ok")
        if options.verbose and (wrong or judgement.bound):
            shown = "; ".join(f"{bound.text} = {bound.expression}" for bound in judgement.bound)
            mark = "WRONG " if wrong else ""
            print(f"{mark}{case['id']} {case['label']}: {judgement.verdict}: {judgement.reason} [{shown}] {case['sentence']}")
    fabricated = sum(count for (label, _), count in counts.items() if label != "ok")
    true = sum(count for (label, _), count in counts.items() if label == "ok")
    accepted = sum(count for (label, verdict), count in counts.items() if label != "ok" and verdict != "refused")
    refused = counts["ok", "refused"]
    print(f"fabricated accepted: {accepted} of {fabricated} ({100 * accepted / max(fabricated, 1):.1f} %; aim at most 2 %)")
    print(f"true finally refused: {refused} of {true} ({100 * refused / max(true, 1):.1f} %; aim at most 10 %)")
    print(f"true with proposed references: {counts['ok', 'needs references']}; without a number to look up: {counts['ok', 'fine']}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
