"""References for numbers that the sentence check knows nothing of: data, costs, machines, literature, predictions, signed differences.

The check judges results and settings. A number that it cannot place may still stand in the record: a word of the value's key has
to stand in the sentence, or the number be long and the sentence about no condition. What is found is proposed, and never bound by
rule: whose value it is, only the whole sentence tells.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from stages.contracts import Results, Slug
from stages.errors import ManuscriptRefused
from stages.g_writing.proposed_references import Reference, as_ascii
from stages.g_writing.sentence_check.words import setting_words
from stages.g_writing.values import Leaf, format_value

LONG = 4
"""Significant digits from which a number says by itself which value it is."""
BESIDE = 40
"""Signs on each side of a number in which the words stand that tell two values apart."""
_FORMATS = ("int", "words", "text", "percent1", "signed3", "signed4", "signed5", "f1", "f2", "f3", "f4", "f5", "p")
_CUES = {
    "cost_ratio": r"times|costs?|slower|faster|cheaper",
    "parameters": r"parameters|weights",
    "steps": r"steps?|updates",
    "failed": r"fail\w*|diverg\w*|crash\w*",
    "mde": r"detect\w*|power|miss\w*",
    "sd": r"standard deviations?|spread|scatter\w*|vary|varies",
}
"""Words that name a value of a condition or of a pair."""
_INTERACTION = r"interact\w*|interplay|separate effects|add(?:s|ed)? up|sum of|addition"
_LITERATURE = r"records?|works?|screened|duplicates?|excluded|kept|found|literature|catalogue"
_PREDICTED = r"predict\w*|guess\w*|expected|foreseen"
_PARTS = {
    "s": r"seconds?",
    "mb": r"MB|megabytes?",
    "kib": r"KiB|kibibytes?",
    "gb": r"GB|gigabytes?",
    "xz": r"xz",
    "bz2": r"bzip\w*|bz2",
    "val": r"val\w*|scor\w+",
    "train": r"train\w*|fit\w*",
    "evaluation": r"evaluat\w*|scor\w+",
    "wall": r"elapsed|wall\w*",
    "cpu": r"processor|cpu",
}
_SIGNED = r"[+\-\u2212\u2013]\d+\.\d+"
_INTERVAL = re.compile(rf"(?P<low>{_SIGNED})(?: ?%)? ?(?:to|and|,) ?(?P<high>{_SIGNED})")


@dataclass(frozen=True)
class Facts:
    """known: `leaves(results)`."""

    results: Results
    known: Mapping[str, Leaf]

    @cached_property
    def _printed(self) -> dict[str, dict[str, str]]:
        """Text -> key -> the first format that prints it."""
        found: dict[str, dict[str, str]] = {}
        for key, leaf in self.known.items():
            if leaf.value is None:
                continue
            for name in _FORMATS:
                try:
                    text, _, _ = format_value(leaf, name, key=key)
                except ManuscriptRefused:
                    continue  # a format that this kind of value does not take
                found.setdefault(text, {}).setdefault(key, name)
        return found

    def named(self, text: str, start: int, end: int, *, about: Collection[Slug]) -> Reference | None:
        """The one value that prints this part of the text and that the words name; None where there is none, or more than one.

        about: conditions that the sentence is about, by name or by another reference.
        """
        typed = text[start:end]
        printed = self._printed.get(as_ascii(typed), {})
        if re.fullmatch(_SIGNED, typed):
            keys = [key for key in printed if key in self._signed(text, start, about)]
        else:
            alone = len(re.sub(r"\D", "", typed).strip("0")) >= LONG and not about
            cues = {key: cue for key in printed if (cue := self._cue(key, about)) is not None}
            keys = [key for key, cue in cues.items() if alone or re.search(rf"(?<!\w)(?:{cue})(?!\w)", text, re.IGNORECASE)]
        if len({self.known[key].value for key in keys}) > 1:
            keys = self._nearest(keys, text[max(0, start - BESIDE) : end + BESIDE])
        if len({self.known[key].value for key in keys}) != 1:
            return None
        return Reference(typed=typed, key=keys[0], format=printed[keys[0]])

    @staticmethod
    def _nearest(keys: Sequence[str], beside: str) -> list[str]:
        """Those of which most parts stand beside the number: 'hours of scoring' is evaluation_hours and not train_wall_hours."""
        stand = {
            key: sum(
                re.search(rf"(?<!\w)(?:{part})(?!\w)", beside, re.IGNORECASE) is not None for part in _parts(key.rpartition(".")[2])
            )
            for key in keys
        }
        return [key for key, count in stand.items() if count == max(stand.values())]

    def _signed(self, text: str, start: int, about: Collection[Slug]) -> Iterator[str]:
        """A number with a sign is a recorded difference of the two that the sentence is about, or an end of its interval."""
        end = next((name for found in _INTERVAL.finditer(text) for name in ("low", "high") if found.start(name) == start), None)
        operation = f"ci_{end}" if end else "diff"
        if re.search(rf"\b(?:{_INTERACTION})\b", text, re.IGNORECASE):
            yield f"interaction.{f'ci95_{end}' if end else 'mean_diff'}"
        for by_metric in self.results.comparisons.values():
            for metric, made in by_metric.items():
                if {made.a, made.b} <= set(about):
                    yield f"{operation}({made.a},{made.b}).{metric}"

    def _cue(self, key: str, about: Collection[Slug]) -> str | None:  # noqa: PLR0911 - one return for each family of keys
        """A pattern for the words that name the key; None: the check judges such values, or the sentence is about others."""
        family, _, name = key.partition(".")
        if family == "cfg":
            return _PREDICTED if name.startswith("predicted_") else "|".join((*setting_words(name), *_parts(name)))
        if family == "lit":
            return _LITERATURE
        if family in {"ref", "data", "env", "cost"}:
            return "|".join(_parts(name)) or None
        if family == "seconds":
            return r"seconds?|times?|took"
        if family == "interaction":
            return _INTERACTION
        if name in _CUES and family in self.results.conditions:
            return _CUES[name] if family in about or not about else None
        if pair := re.match(r"(?P<operation>\w+)\((?P<a>\w+),(?P<b>\w+)\)", key):
            fits = {pair["a"], pair["b"]} <= set(about) or {pair["a"], pair["b"]} >= set(about)
            return _CUES.get(pair["operation"]) if fits else None
        return None


def _parts(name: str) -> Iterator[str]:
    """'train' and 'bytes' of train_bytes: each names it, in any ending."""
    for part in name.split("_"):
        if part in _PARTS:
            yield _PARTS[part]
        elif len(part) > 2:
            yield rf"{re.escape(part.removesuffix('s'))}\w*"
