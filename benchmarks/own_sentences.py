"""What the record says to the sentences of our own papers, once typed: `python benchmarks/own_sentences.py FOLDER... [--verbose]`.

FOLDER: deliverables of a run. Each sentence that prints values is typed as it is read and judged before the paper's own results.
All of them are true, so one that is refused is a fault of the check, and a reference that is proposed should be the one that stood
there. Then each is made false, one change at a time: a digit, two values exchanged, a condition named for another. None of these
may be bound by rule.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from stages.contracts import Manuscript, Results
from stages.g_writing.binding import mentions
from stages.g_writing.claims import Sentence, sentences
from stages.g_writing.document import Inlines, Text, ValueRef, flat
from stages.g_writing.markdown import parse, print_inlines
from stages.g_writing.recorded_study import RecordedStudy
from stages.g_writing.typed_sentences import Desk
from stages.g_writing.values import format_value, leaves, normal

_DIGITS = re.compile(r"\d[\d,.]*\d|\d")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--verbose", action="store_true", help="sentences that are refused, or false and bound")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    begun = perf_counter()
    for folder in options.folders:
        desk, own = _paper(folder)
        for sentence in own:
            _measure(sentence, desk, counts, verbose=options.verbose)
    took = perf_counter() - begun
    true, false, values = counts["sentences"], counts["false"], counts["typed values"]
    for name in ("refused", "not judged", "bound by rule"):
        print(f"true sentences {name}: {counts[name]} of {true} ({_share(counts[name], true)})")
    for name in ("the same reference", "another reference of the same text", "no reference"):
        print(f"typed values with {name}: {counts[name]} of {values} ({_share(counts[name], values)})")
    print(f"false sentences bound by rule: {counts['false and bound']} of {false} ({_share(counts['false and bound'], false)})")
    print(f"{took:.1f} s")
    return 0


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.1f} %"


def _paper(folder: Path) -> tuple[Desk, list[Sentence]]:
    """The record of a paper and its sentences that print values."""
    results = Results.model_validate_json((folder / "results.json").read_text(encoding="utf-8"))
    manuscript = Manuscript.model_validate_json((folder / "record/manuscript.json").read_text(encoding="utf-8"))
    edition = json.loads((folder / "record/edition.json").read_text(encoding="utf-8"))
    called = {name: tuple(names) for name, names in edition["called"].items()}
    own = [
        sentence
        for sentence in sentences(parse(manuscript.markdown, manuscript.authors))
        if any(isinstance(part, ValueRef) and not part.expression.startswith("cmp") for part in sentence.content)
    ]
    return Desk(RecordedStudy(results, called)), own


def _measure(sentence: Sentence, desk: Desk, counts: Counter[str], *, verbose: bool) -> None:
    known = leaves(desk.recorded.results)
    typed = _typed(sentence, desk)
    judged = desk.judged(typed)
    stood = [part for part in flat(sentence.content) if isinstance(part, ValueRef) and not part.expression.startswith("cmp")]
    if judged is None:
        counts["not judged"] += 1
        counts["sentences"] += 1
        return
    counts["sentences"] += 1
    counts["typed values"] += len(stood)
    proposed = {normal(one.key): one for one in judged.references}
    for part in stood:
        key = normal(part.expression)
        text = format_value(known[key], part.format, key=key)[0]
        same = key in proposed
        alike = not same and any(one.typed in text or text in one.typed for one in judged.references)
        found = "the same reference" if same else "another reference of the same text" if alike else "no reference"
        counts[found] += 1
        if verbose and alike:
            print(f"OTHER {key}: {[one.markdown for one in judged.references]} {typed.markdown}")
    if judged.verdict == "refused":
        counts["refused"] += 1
        if verbose:
            print(f"REFUSED {judged.reason}: {sentence.place}: {typed.markdown}")
    elif judged.rewritten is not None:
        counts["bound by rule"] += 1
    for false in _made_false(typed, desk):
        counts["false"] += 1
        other = desk.judged(false)
        if other is not None and other.rewritten is not None:
            counts["false and bound"] += 1
            if verbose:
                print(f"BOUND {false.markdown} -> {other.rewritten} (true: {typed.markdown})")


def _typed(sentence: Sentence, desk: Desk) -> Sentence:
    """The sentence with its values typed; verdicts in words stay by key."""
    known = leaves(desk.recorded.results)

    def shown(part: ValueRef) -> Text:
        key = normal(part.expression)
        return Text(text=format_value(known[key], part.format, key=key)[0])

    content = tuple(
        shown(part) if isinstance(part, ValueRef) and not part.expression.startswith("cmp") else part for part in sentence.content
    )
    return _of(sentence, _joined(content))


def _joined(content: Inlines) -> Inlines:
    found: list[Text] = []
    for part in content:
        if isinstance(part, Text) and found and isinstance(found[-1], Text):
            found[-1] = Text(text=found[-1].text + part.text)
        else:
            found.append(part)  # type: ignore[arg-type]
    return tuple(found)


def _of(sentence: Sentence, content: Inlines) -> Sentence:
    return sentence.model_copy(update={"content": content, "markdown": print_inlines(content).strip()})


def _made_false(typed: Sentence, desk: Desk) -> Iterator[Sentence]:
    """The sentence with one thing changed that the record contradicts."""
    for place, part in enumerate(typed.content):
        if not isinstance(part, Text):
            continue
        for text in _texts_made_false(part.text, desk):
            yield _of(typed, (*typed.content[:place], Text(text=text), *typed.content[place + 1 :]))


def _texts_made_false(text: str, desk: Desk) -> Iterator[str]:
    found = list(_DIGITS.finditer(text))
    for match in found:
        for place in {match.end() - 1, match.start()}:
            changed = str((int(text[place]) + 1) % 10)
            yield text[:place] + changed + text[place + 1 :]
    for one, other in pairwise(found):
        if one[0] != other[0]:
            yield text[: one.start()] + other[0] + text[one.end() : other.start()] + one[0] + text[other.end() :]
    conditions = desk.recorded.results.conditions.items()
    labels = {name: condition.label for name, condition in conditions if condition.role != "tuned"}  # it stands in no ranking
    for mention in mentions(text, desk.recorded.names):
        for name, label in labels.items():
            if name != mention.condition:
                yield text[: mention.start] + label + text[mention.end :]


if __name__ == "__main__":
    raise SystemExit(main())
