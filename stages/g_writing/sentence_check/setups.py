"""Settings that a sentence calls by the noun of their kind: '24 radial basis functions' for n_rbf, 'resized to 96 pixels' for image_size.

The noun right behind the number (or the phrase right before it) says of which kind the number is; it is a setting where exactly one
recorded setting of that kind has the printed value. A number that equals a setting of another kind stays what it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.quantities import Quantity, fits
from stages.g_writing.sentence_check.reading import Number, Sentence
from stages.g_writing.sentence_check.study import Study


@dataclass(frozen=True)
class Kind:
    """keys: ids of settings of this kind; behind, before: what a text says right beside their values."""

    keys: re.Pattern[str]
    behind: re.Pattern[str] | None = None
    before: re.Pattern[str] | None = None


def _kind(keys: str, behind: str = "", before: str = "") -> Kind:
    return Kind(
        re.compile(rf"(?:^|.*_)(?:{keys})(?:_.*)?"),
        re.compile(rf"[\s-]*(?:{behind})(?![\w])", re.IGNORECASE) if behind else None,
        re.compile(rf"\b(?:{before})\s*$", re.IGNORECASE) if before else None,
    )


_TO = r"(?:an? |the )?(?:\w+ )?"
_KINDS = (
    _kind("layers|blocks|depth|n_layers|stages", r"(?!hidden units)(?:[a-z-]+ ){0,2}?(?:layers?|blocks?)"),
    _kind("rbf|rbfs|basis|bases|gaussians|radial|bessel", r"(?:(?:radial|gaussian|bessel|distance|basis) ?){0,2}(?:functions|gaussians|rbfs|bases|kernels)"),
    _kind("d_model|hidden|width|dim|channels|units|filters|embed|emb", r"(?:hidden |feature |embedding )?(?:channels|units|neurons|filters|dimensions)", r"(?:width|dimension(?:ality)?)(?: of)?"),
    _kind("px|pixels|image_size|img_size|resolution|crop|crop_size|input_size|img|tile_size", r"(?:x|×|by) ?\d+(?: ?pixels?| ?px)?|pixels?|px", rf"(?:resolution (?:of|is)|(?:re-?sized?|cropped|scaled|rescaled|resampled) to|\d ?(?:×|x|by)) ?{_TO}"),
    _kind("n_classes|classes|num_classes|n_labels|n_way|ways?", r"way|class(?:es)?|categories|labels|logits"),
    _kind("batch_size|batch", r"[a-z]+ (?:at a time|at once|per (?:update|step|batch|iteration))"),
    _kind("lr|learning_rate", before=r"\b(?:adamw?|sgd|lamb|lion|adafactor|rmsprop|adagrad|nadam|muon|optimi[sz]er)\b (?:is |was )?(?:runs?|ran|run|used|set|works?|trains?|operates?)? ?(?:at|with)"),
)  # fmt: skip
"""Nouns of settings that papers share, whatever the id of the setting."""
_RESULT = re.compile(r"±|\bp ?[=<>]|\bstandard deviation", re.IGNORECASE)


def called_by_kind(number: Number, sentence: Sentence, study: Study) -> Iterator[Quantity]:
    """The one setting of the number's kind that has its value; nothing in a sentence of statistics, or for a change."""
    if number.unit not in {"", "x"} or number.signed or _RESULT.search(sentence.text):
        return
    keys = set(_of_its_kind(number, sentence, study))
    found = [key for key in keys if _is(number, study.config[key])]
    if len(found) == 1:
        value = study.config[found[0]]
        assert isinstance(value, int | float)  # as `_is` has seen
        yield Quantity(float(value), f"cfg.{found[0]}")


def kinds_said(number: Number, sentence: Sentence) -> list[Kind]:
    """The kinds that the words right beside the number name."""
    ahead, behind = sentence.text[: number.start], sentence.text[number.end :]
    return [kind for kind in _KINDS if (kind.behind and kind.behind.match(behind)) or (kind.before and kind.before.search(ahead))]


def _of_its_kind(number: Number, sentence: Sentence, study: Study) -> Iterator[str]:
    behind = sentence.text[number.end :]
    for kind in kinds_said(number, sentence):
        yield from (key for key in study.config if kind.keys.fullmatch(key))
    counted = re.match(r"[\s-]*(?:[a-z-]+ )?(?P<noun>[a-z]{4,})\b", behind)
    if counted and not w.NOT_OF_A_STUDY.search(counted["noun"]):  # '1.9M frames' for train_frames: the one key with that noun
        noun = counted["noun"].removesuffix("s")
        yield from (key for key in study.config if noun in {part.removesuffix("s") for part in key.split("_")[1:]})


def _is(number: Number, value: object) -> bool:
    """The printed number: exactly, or rounded to its digits where it is printed with k or M."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    scaled = number.step > 1 and number.text[-1:].isalpha()
    return fits(number, float(value)) if scaled else abs(number.value - value) <= 1e-9 * max(1.0, abs(value))


def limits_of_cases(number: Number, sentence: Sentence, study: Study) -> tuple[str, float] | None:
    """'at most 29 atoms' for max_atoms: the setting that limits what the noun counts, and its value; None where none does."""
    if not re.search(
        r"\b(?:at most|up to|no more than|a maximum of|limited to|at least|a minimum of)\s*$",
        sentence.text[: number.start],
        re.IGNORECASE,
    ):
        return None
    for key, value in study.config.items():
        limit, _, noun = key.partition("_")
        if limit in {"max", "maximum", "min", "minimum"} and isinstance(value, int | float) and noun:
            named = r"[\s-]".join(map(re.escape, noun.removesuffix("s").split("_")))
            if re.match(rf"[\s-]*(?:[a-z-]+ )?{named}s?\b", sentence.text[number.end :], re.IGNORECASE):
                return key, float(value)
    return None
