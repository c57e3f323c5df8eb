"""How a text names the conditions of a study."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.mentions import Mention
from stages.g_writing.sentence_check.participles import by_participles, turned_round
from stages.g_writing.sentence_check.study import Study


def conditions_in(text: str, study: Study) -> Iterator[Mention]:
    """Every place that names a condition, from the left; of two that overlap the one that begins first, then the longer one."""
    found = [Mention(name, match.start(), match.end()) for name in study.conditions for match in _compiled(name).finditer(text)]
    for key, members in study.families.items():
        found += _of_family(key, members, text)
    variants = variants_of(tuple(study.conditions), study.proposed or "")
    if study.proposed and any(variant.base == study.proposed for variant in variants):
        found += [Mention(study.proposed, match.start(), match.end()) for match in _COMPLETE.finditer(text)]
    for variant in variants:
        found += [Mention(variant.name, match.start(), match.end()) for match in variant.pattern.finditer(text)]
    without = [name for name in study.conditions if removed(name)]
    if len(without) == 1:
        whole = next((taken[0] for name in without if (taken := removed(name))), "") or study.proposed
        spoken = any(variant.pattern.search(text) for variant in variants if variant.name == without[0])
        spoken = spoken or _compiled(without[0]).search(text) is not None
        if whole in study.conditions and spoken:
            found += [
                Mention(whole, m.start(), m.end())
                for m in re.finditer(r"\b(?:the (?:one|variant|version|model) )?with (?:it|them)\b", text)
            ]
        pattern = r"(?:the (?:one|variant|version|model) )?without (?:it|them)\b(?! (?:be|is|are))|(?:the |that |this )?ablated (?:variant|model|version|system|method|network|one|run|condition|configuration|counterpart|setup)|the ablation(?! (?:study|studies|experiments?|shows?|of|confirms?|reveals?|removes?|isolates?)\b)"
        found += [Mention(without[0], match.start(), match.end()) for match in re.finditer(rf"\b(?:{pattern})", text, re.IGNORECASE)]
    found += by_participles(text, tuple(study.conditions))
    found += turned_round(text, tuple(study.conditions))
    found += _in_place(text, tuple(study.conditions))
    found += _by_a_part_written_out(text, tuple(study.conditions))
    found += _elliptic(text, tuple(study.conditions), found)
    found = [
        _with_noun(mention, text) for mention in found if not _NO_NAME.match(text, mention.start) and not _compound(mention, text)
    ]
    found.sort(key=lambda mention: (mention.start, -mention.end))
    apart: list[Mention] = []
    for mention in found:
        if not apart or mention.start >= apart[-1].end:
            apart.append(mention)
    yield from _merged(apart, text, variants)


@lru_cache(maxsize=1024)
def _compiled(name: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{condition_pattern(name)})(?!\w)", re.IGNORECASE)


_COMPLETE = re.compile(
    r"\bthe (?:full|complete|whole|intact|entire) (?:recipe|method|model|version|system|configuration|variant|pipeline|network|agent|approach)\b",
    re.IGNORECASE,
)
"""What parts were taken from, where the study has conditions without a part."""
_NO_NAME = re.compile(r"learning (?:rates?|curves?|schedules?|algorithms?)\b|training (?:set|data|time|steps?)\b", re.IGNORECASE)
"""Terms of the trade that hold a word of some condition's name ('learning rate', where a condition is called learned)."""


_PRESENT = r"(?:(?:is|are|was|were|has been|have been) )?(?:in place|in use|added|used|present|introduced|enabled|included|(?:switched|turned) on)"


def _in_place(text: str, names: tuple[str, ...]) -> Iterator[Mention]:
    """'once the stem is in place' for conv_stem: a word of this id alone, or else of its variants only (conv_stem_no_pos)."""
    parts = {part for name in names for part in name.split("_") if len(part) > 3 and part.isalpha()}
    for part in parts:
        pattern = rf"\b(?:once|when|if|after|as soon as) (?:the |an? )?{part}s? {_PRESENT}(?!\w)"
        owners = sorted((name for name in names if part in name.split("_") and (removed(name) or ("", ""))[1] != part), key=len)
        if owners and all(owner.startswith(owners[0]) for owner in owners):
            yield from (Mention(owners[0], match.start(), match.end()) for match in re.finditer(pattern, text, re.IGNORECASE))


def _by_a_part_written_out(text: str, names: tuple[str, ...]) -> Iterator[Mention]:
    """'matrix factorisation' for bpr_mf: what one abbreviation of an id stands for, where no other id has that word."""
    parts = [(name, part) for name in names if "_" in name and not removed(name) for part in name.split("_")]
    for name, part in parts:
        if sum(other == part for each in names for other in each.split("_")) == 1 and (pattern := _written_out(part)):
            yield from (Mention(name, match.start(), match.end()) for match in pattern.finditer(text))


@lru_cache(maxsize=1024)
def _written_out(part: str) -> re.Pattern[str] | None:
    """The words behind an abbreviation in an id of several words; None for a word that is none."""
    if part in {"mae"}:
        return re.compile(rf"\b(?:{w.WRITTEN_OUT[part]})(?!\w)", re.IGNORECASE)
    if not re.fullmatch(r"[a-z]{2,4}", part) or part in w.SHORT or re.search(r"[aeiou]", part):
        return None
    written = [_initials(part, shortest=6)] + ([w.WRITTEN_OUT[part]] if part in w.WRITTEN_OUT else [])
    return re.compile(rf"\b(?:{'|'.join(written)})(?!\w)", re.IGNORECASE)


def _elliptic(text: str, names: tuple[str, ...], found: list[Mention]) -> Iterator[Mention]:
    """'full, local and linear attention': of conditions with one head the first words alone, where the head is said once.

    Only in lists (before a comma, a conjunction, a number or the end), where nothing else can stand for the missing head.
    """
    heads: dict[str, list[str]] = {}
    for name in names:
        if "_" in name and not name.startswith(REMOVED):
            heads.setdefault(name.rsplit("_", maxsplit=1)[1], []).append(name)
    for head, members in heads.items():
        said = any(mention.name in members for mention in found) or re.search(rf"\b(?:{part_pattern(head)})", text, re.IGNORECASE)
        if len(members) < 2 or not said:
            continue
        for name in members:
            first = r"[\s_-]?".join(map(_spelt, name.rsplit("_", maxsplit=1)[0].split("_")))
            for match in re.finditer(rf"\b(?:{first})(?=[,;:)]|\.?$| (?:and|or)\b|,? -?\(?\d)", text, re.IGNORECASE):
                if head.isalpha():
                    yield Mention(name, match.start(), match.end())


_TAKES = re.compile(r"(?P<gerund>[a-z]+ing\b)|without|w/o|sans|minus|(?:absence|removal) of", re.IGNORECASE)
_NOUNS_OF_PARTS = re.compile(
    r"(?:loss(?:es)?|training|memory|rewards?|returns?|recall|precision|likelihood|entropy|cross-entropy)", re.IGNORECASE
)


def with_part_nouns(
    conditions: tuple[Mention, ...], metrics: tuple[Mention, ...], text: str
) -> tuple[tuple[Mention, ...], tuple[Mention, ...]]:
    """'Without the hint loss', 'Dropping the hint loss costs …': a metric's name right behind a removed part is the part's own noun."""
    for metric in metrics:
        owner = next((mention for mention in conditions if _has_noun(mention, metric, text)), None)
        if owner is not None:
            conditions = tuple(replace(each, end=metric.end) if each is owner else each for each in conditions)
            metrics = tuple(each for each in metrics if each is not metric)
    return conditions, metrics


def _has_noun(mention: Mention, metric: Mention, text: str) -> bool:
    """Not of 'without hints the loss rises', nor of 'the no-hint loss': there the noun is what is measured."""
    taken = _TAKES.match(text, mention.start)
    if taken is None or not removed(mention.name) or text[mention.end : metric.start] not in {" ", "-"}:
        return False
    if not _NOUNS_OF_PARTS.fullmatch(text[metric.start : metric.end]):
        return False
    measured = r" (?:is|was|of|at|rises?|rose|falls?|fell|drops?|dropped|grows?|grew|climbs?|reach\w*|increas\w+|decreas\w+|stays?|remains?)\b"
    return taken["gerund"] is not None or re.match(measured, text[metric.end :]) is None


def _merged(mentions: list[Mention], text: str, variants: tuple[Variant, ...]) -> Iterator[Mention]:
    """'GATv2 without skips', 'Without skips, GATv2 …': the whole method and what it lacks beside it are one name, the variant's."""
    base_of = {variant.name: variant.base for variant in variants}
    k = 0
    while k < len(mentions):
        first = mentions[k]
        second = mentions[k + 1] if k + 1 < len(mentions) else None
        if second is not None:
            between = text[first.end : second.start]
            compared = re.search(
                r"\b(?:relative to|compared (?:with|to)|against|versus|than|over|unlike|next to|with respect to|measured against)\b[^,;]*$",
                text[: first.start],
                re.IGNORECASE,
            )
            introduced = (
                compared is None
                and not re.search(r"[.;:]", between)
                and (k == 0 or re.search(r"(?:[,;:]|\b(?:and|but|while|whereas)) $", text[: first.start]))
            )
            if base_of.get(second.name) == first.name and re.fullmatch(_QUALIFIED, between):
                yield Mention(second.name, first.start, second.end)
                k += 2
                continue
            whole = re.search(r"\b(?:full|complete|whole|original|unablated|entire)(?: \w+)? (?:the )?$", text[: second.start])
            if base_of.get(first.name) == second.name and introduced and not whole and re.fullmatch(_INTRODUCING, between):
                yield Mention(first.name, first.start, second.end)
                k += 2
                continue
        yield first
        k += 1


def _compound(mention: Mention, text: str) -> bool:
    """'the sparse-dense ensemble' is not dense: the name is the second half of a word that is another thing's."""
    return re.search(r"[A-Za-z]{3,}-$", text[: mention.start]) is not None and not re.search(
        r"\b(?:from|pre|non|anti|post|self|auto|multi|semi|the|byte|token|char|word)-$", text[: mention.start], re.IGNORECASE
    )


def halves_of_names(text: str, study: Study) -> Iterator[str]:
    """Compounds of which a condition's name is only the second half: 'sparse-dense' where one is called dense."""
    for name in study.conditions:
        for match in _compiled(name).finditer(text):
            if _compound(Mention(name, match.start(), match.end()), text):
                yield f"{re.split(r'[^A-Za-z-]', text[: match.start()])[-1]}{match[0]}"


def _of_family(key: str, members: dict[str, str], text: str) -> Iterator[Mention]:
    """'a width of 64', 'the 64-wide model', and a bare 64 in a sentence that speaks of widths."""
    words = r"[\s-]".join(w.SHORT.get(part, re.escape(part)) for part in key.split("_"))
    size = r"(?:the )?(?:{}) (?:{})(?: size| rate)?\b|the (?:{}) (?:model|network|variant|one|setting|value)\b"
    ends = sorted(members, key=lambda name: float(members[name].removesuffix("k")))
    for name, adjectives, own in (
        (ends[-1], "largest|biggest|highest|greatest|longest", w.LARGEST_OF),
        (ends[0], "smallest|lowest|shortest|least", w.SMALLEST_OF),
    ):
        special = own.get(key, "largest-possible")
        pattern = size.format(adjectives, words, special) + (rf"|(?:the )?{special}\b" if key in own else "")
        yield from (Mention(name, match.start(), match.end()) for match in re.finditer(rf"\b(?:{pattern})", text, re.IGNORECASE))
    bare = [value for value in members.values() if re.search(rf"(?<![\d.,]){re.escape(value)}(?![\d.]*\d)", text)]
    spoken = re.search(rf"\b(?:{words})", text, re.IGNORECASE) is not None or len(bare) > 1
    for name, value in members.items():
        shown = re.escape(value) + (r"|" + f"{int(value):,}" if value.isdigit() and int(value) > 999 else "")
        patterns = [
            rf"\b(?:the )?(?:{words})s?(?: size| rate)?(?: of|\s?=| at)? ?(?:{shown})(?![\d.]*\d|%)",
            rf"(?<![\d.])(?:{shown})[ -](?:{words}|{w.ADJECTIVE_OF.get(key, words)})\w*\b",
        ]
        if spoken:
            patterns.append(
                rf"(?<![\d.,]|[<>±=-])(?:{shown})(?=[,;:)]|\.?$|\.\s| (?:to|and|or|the|is|has|was|than|by|with|lowers?|raises?|gives?|needs?|takes?|beats?|reach\w*|costs?|saves?|loses?|gains?|improves?|hurts?|helps?|makes?|brings?|changes?|reduces?|increases?|decreases?|cuts?|doubles?|triples?|halves|quadruples|still|also|only|are|were|at|in|on|as|it|we|but|while)\b)"
            )
        for pattern in patterns:
            found = re.finditer(pattern, text, re.IGNORECASE)
            yield from (Mention(name, match.start(), match.end()) for match in found)


def _with_noun(mention: Mention, text: str) -> Mention:
    """'the variant without x' and 'always compiling' are one name each."""
    noun = re.search(
        r"(?:\b(?:the|a|our|its) )?\b(?:variant|model|version|network|system|condition|method|configuration|run)s? (?:(?:trained|fitted|learned|learnt|run|that was trained) )?$",
        text[: mention.start],
    )
    if noun and text[mention.start :].lower().startswith(("without", "no ")):
        return replace(mention, start=noun.start())
    pronoun = re.match(r" ones?\b(?! (?:run|seed|point|hour|minute|second|of|in)\b)", text[mention.end :])
    if pronoun and re.search(r"\b(?:the|our|a|an) (?:[\w-]+ )?$", text[: mention.start], re.IGNORECASE):
        return replace(mention, end=mention.end + pronoun.end())  # 'the dense one'
    policy = re.search(r"\balways $", text[: mention.start], re.IGNORECASE)
    if policy and re.search(r"ing$", text[mention.start : mention.end]):
        return replace(mention, start=policy.start())
    return mention


REMOVED = ("no_", "without_", "wo_", "minus_", "ablate_", "not_")
_INFIX = re.compile(r"^(?P<base>.+?)_(?:no|without|wo|minus|ablate|less|not)_(?P<part>.+)$")
_COMPONENTS = (
    r"connections?|scaling|layers?|links?|blocks?|modules?|loss(?:es)?|terms?|augmentations?|pre-?training|training|stages?|heads?|branch(?:es)?|embeddings?|encodings?"
    r"|normali[sz]ation|regulari[sz]ation|smoothing|pooling|sharing|decay|warm-?up|features?|masking|weights?|weighting|sampling|attention|memory|buffer|bias(?:es)?"
    r"|mechanism|component|units?|gates?|gating|correction|calibration|distillation|search|pruning|priors?|constraints?|steps?|tokens?|channels?|teachers?|supervision|objectives?|updates?"
)
"""Nouns that end the name of a part: 'skip connections' for skip, 'temperature scaling' for temp."""
_QUALIFIED = r"[\s,(]*(?:(?:model|network|variant|version|method|system|trained|run|fitted|but|when|if|even|that|which|is|was|has|had|its|with|the)\s+){0,3}"
_INTRODUCING = rf"(?: (?:{_COMPONENTS}))?(?:,? (?:from|in|of)|,)? ?(?:(?:the|our|a|an) )?(?:(?:same|plain|remaining|resulting) )?"


def removed(name: str) -> tuple[str, str] | None:
    """('gatv2', 'skip') of gatv2_no_skip, ('', 'skip') of no_skip: what is left and what was taken from it."""
    prefix = next((prefix for prefix in REMOVED if name.startswith(prefix)), None)
    if prefix:
        return "", name.removeprefix(prefix)
    taken = _INFIX.match(name)
    return (taken["base"], taken["part"]) if taken else None


@dataclass(frozen=True)
class Variant:
    """A condition that is another one with a part taken away ('gatv2_no_skip') or with another word behind ('resnet_scratch')."""

    name: str
    base: str
    pattern: re.Pattern[str]


@lru_cache(maxsize=256)
def variants_of(names: tuple[str, ...], whole: str = "") -> tuple[Variant, ...]:
    """The variants among conditions, with the phrases that name them by what makes them differ.

    whole: the method that conditions without a name of their own ('no_cutmix') are taken from.
    """
    found: list[tuple[str, str, str, bool]] = []
    for name in names:
        taken = removed(name)
        longest = max((other for other in names if name.startswith(f"{other}_")), key=len, default="")
        if taken and (taken[0] or whole):
            found.append((name, taken[0] or whole, taken[1], True))
        elif taken is None and longest and not name.removeprefix(f"{longest}_")[0].isdigit():
            found.append((name, longest, name.removeprefix(f"{longest}_"), False))
    variants = []
    for name, base, part, lacking in found:
        alone = sum(other == part for _, _, other, _ in found) == 1 and not any(
            other.endswith(f"_{part}") and other != name for other in names
        )
        patterns = list(
            _qualified(
                base,
                part_pattern(part),
                lacking=lacking,
                alone=alone,
                several="_" in part,
                joined="with|plus" if part in names else "and|with|plus",
            )
        )
        variants.append(Variant(name, base, re.compile(rf"\b(?:{'|'.join(patterns)})(?: (?:{_COMPONENTS}))?(?!\w)", re.IGNORECASE)))
    return tuple(variants)


def _qualified(base: str, part: str, *, lacking: bool, alone: bool, several: bool, joined: str = "with|plus") -> Iterator[str]:
    """Phrases for a variant: beside its base always, without it only where no other variant is made by the same word."""
    own = condition_pattern(base)
    if lacking:
        phrase = _taken_away(part)
        yield rf"(?:{own}) ?[,(]? ?(?:{phrase})"
        if alone:
            yield phrase
        return
    kept = r"(?! (?:and|or|than|versus|vs|while|whereas|but|over|against|beats?|exceeds?)\b) [a-z-]+"
    yield rf"(?:{own})(?:{kept}){{0,4}}?[ -](?:{part})"
    yield rf"(?:{own}) (?:{joined}) (?:the )?(?:{part})"
    yield rf"(?:{part})[ -](?:[a-z]+ )?(?:{own})"
    if alone:
        if several:  # 'target encoding over plain gradient boosting': beside its base as what is compared with it or added to it
            yield rf"(?<!without )(?<!no )(?<!not )(?:{part})(?= (?:over|against|versus|vs\.?|to) (?:the |plain |standard |vanilla |ordinary |simple )*(?:{own}))"
        yield rf"(?:(?:trained|training|train|learned|learning|starting|run|running|fitted|fitting|initiali[sz]ed) )?(?:from|using|via|under|with) (?:{part})"
        yield rf"(?:once|when|if|after|being|after being|having been) (?:{part})"
        yield rf"(?:adding|with added) (?:{part})(?! (?:to|on top of)\b)"
        yield rf"(?:the |its |our )?(?:{part}) (?:variant|model|network|version|one|run|baseline|counterpart)s?"


def _taken_away(part: str) -> str:
    """Phrases by which a text says that a part is not there."""
    article = r"(?:the |any |data |its |\w+ )?"
    return (
        rf"(?:leav\w+|tak\w+|switch\w*|turn\w*|strip\w*) (?:the )?{part}(?: (?:{_COMPONENTS}))? (?:out|away|off)|(?:without|no[ -]|lack(?:ing|s)?(?: of)?|absence of|skipping|for(?:e?)going|removing|dropping|disabling|ablating|excluding|omitting|minus|turning off|leav(?:e|ing) out|ablation of|elimination of|deactivation of|withdrawal of|omission of|not using|taking away|cutting|deleting"
        rf"|deprived of|stripped of|shorn of|bereft of|robbed of|freed of|devoid of|depriving (?:it|\w+) of|stripping (?:it|\w+) of|removal of|w/o|sans) ?{article}{part}"
        rf"|{part}(?: (?:{_COMPONENTS})| [a-z]+(?= (?:is|are|was|were) ))? (?:is |are |was |were )?(?:removed|disabled|dropped|ablated|left out|omitted|(?:switched|turned) off|(?:taken|stripped) (?:away|out)|skipped|not used|not applied|missing|lacking|deactivated|excluded|absent)|{part}-(?:free|less)|(?:un|non)-?{part}"
    )


def _stem(word: str) -> str:
    """'plann' of planner: what its other endings begin with."""
    return word[: max(5, len(word) - 2)] if len(word) > 6 and word.endswith(("er", "ing", "ion", "ed")) else word


def part_pattern(part: str) -> str:
    """How a text may write the part that a condition lacks: with hyphens or in other endings."""
    return r"[\s-]".join(w.SHORT.get(word, _part_spelt(word)) for word in part.split("_"))


def _part_spelt(word: str) -> str:
    spelt = "-?".join(map(re.escape, _stem(word))) + r"\w*"
    written = [_initials(word)] if re.fullmatch(r"[a-z]{2,4}", word) and not re.search(r"[aeiou]", word) else []
    return rf"(?:{'|'.join((spelt, *_shortened(word), *written))})"


@lru_cache(maxsize=1024)
def condition_pattern(name: str) -> str:
    """How a text may name a condition by its id."""
    if name in {"ours", "proposed", "our_method"}:
        return w.OUR_NAMES
    if name == "full":
        return rf"{w.OUR_NAMES}|(?:the )?full(?:[- ](?:parameter|model|network|weight))?[- ](?:fine-?tun|updat|train)(?:ing|ed|e)"
    if name in {"baseline", "base"}:
        return w.BASELINE_NAMES
    if name in {"both", "combined", "combination"}:
        return r"combin\w+(?: (?:the two|both|them))?|the combination|both (?:together|combined|at once|of them combined)|(?:with|using|under) both(?=[ ,.])(?! (?:methods|conditions|models|metrics|tests|seeds|the|of)\b)"
    prefix = next((prefix for prefix in REMOVED if name.startswith(prefix)), None)
    if prefix:
        return _taken_away(part_pattern(name.removeprefix(prefix)))
    parts = name.split("_")
    return _BETWEEN.join(w.SHORT.get(word, _spelt(word, continued=len(parts) > 1)) for word in parts)


_BETWEEN = r"(?:[\s_-]?|[\s-](?:and|n|with)[\s-]|\s?[+/&]\s?)"
"""What may stand between the words of an id: 'crop-and-flip', 'crop + flip' for crop_flip."""
_COUNTED = re.compile(r"(?P<count>\d+)(?P<noun>[a-z]{3,}?)s?")
"""8bit."""
_BEGINNING = 3
"""Letters from which on a word of an id may be the beginning of a longer one."""
_LONG_ENOUGH = 6
"""Letters from which on a word may be two written together: blurpool."""
_HEADS_OF_THINGS = rf"graphs?|edges|features|inputs?|maps?|masks?|trees?|tables?|grids?|mesh|tokens|representations?|descriptors?|fingerprints?|{w.CONDITION_NOUNS}"
"""Nouns before which a plural id stands in the singular."""
_NOMINAL = r"(?:ed|ing|e|es|s|er|or|ation|ion)?"
_NOUN_OF = "|ation|ment"
"""Endings of the noun of a verb: 'distillation' for distill."""


@lru_cache(maxsize=1024)
def _spelt(word: str, *, continued: bool = False) -> str:
    """How a text may spell a word of an id: hyphenated (U-Net), as two words (blur pooling), as another form of its verb, written out.

    continued: the id has other words beside it, so that this one may be the beginning of what is written ('gated convolution').
    """
    if counted := _COUNTED.fullmatch(word):  # '8 bits', 'eight-bit'
        in_words = next((text for text, value in w.NUMBER_WORDS.items() if str(value) == counted["count"]), counted["count"])
        return rf"(?:{counted['count']}|{in_words})[\s-]?{counted['noun']}s?"
    between = r"[-\s]?" if len(word) >= _LONG_ENOUGH and word.isalpha() else "-?"
    ending = next((each for each in ("ed", "ing") if word.endswith(each) and len(word) > len(each) + 2), "")
    if ending:  # 'fine-tuning' for fine_tuned, 'compilation' for compiled
        spelt = between.join(map(re.escape, word.removesuffix(ending))) + _NOMINAL
    elif len(word) > 3 and word.isalpha():  # 'blur-pooled' for blurpool
        stem = word.removesuffix("e")
        spelt = between.join(map(re.escape, stem)) + (
            r"(?:e|es|ed|ing)?" if stem != word else rf"(?:{word[-1]}?(?:ed|ing){_NOUN_OF if len(word) >= _LONG_ENOUGH else ''})?"
        )
        spelt = (
            spelt
            if stem == word
            else rf"(?:{between.join(map(re.escape, word))}|{between.join(map(re.escape, stem))}(?:ed|ing{_NOUN_OF if len(word) >= _LONG_ENOUGH else ''}))"
        )
    else:
        spelt = between.join(map(re.escape, word)) if len(word) > 2 else re.escape(word)
    others = [w.WRITTEN_OUT[word]] if word in w.WRITTEN_OUT else []
    others += _shortened(word)
    if continued and word.isalpha() and len(word) >= _BEGINNING:
        others.append(rf"{word}[a-z]{{1,9}}")
    if re.fullmatch(r"[a-z]{3,}[^s\W\d]s", word):  # 'the bond graph' for bonds: the singular before the noun that it is of
        others.append(rf"{word[:-1]}(?=[\s-](?:{_HEADS_OF_THINGS})\b)")
    if re.fullmatch(r"[a-z]{3,5}", word) or (continued and re.fullmatch(r"[a-z]{2}", word)):
        others.append(_initials(word))
    return rf"(?:{'|'.join((spelt, *others))})"


def _shortened(word: str) -> list[str]:
    """'deep ensemble' for deepens, 'hard negatives' for hardneg: two words of which the id has the beginnings, three letters of each at least."""
    if len(word) < _LONG_ENOUGH or not word.isalpha():
        return []
    return [rf"{word[:cut]}(?:[a-z]{{0,6}}?)[\s-]{word[cut:]}[a-z]*" for cut in range(3, len(word) - 2)]


def _initials(word: str, shortest: int = 1) -> str:
    """'mixture density network' for mdn: words with these initials, the last of which is a noun that methods end with.

    shortest: letters that this noun has at least.
    """
    first, last = word[:-1], word[-1]
    nouns = [noun for noun in w.HEADS_OF_METHODS if noun[0] == last and len(noun) >= shortest]
    if not nouns:
        return r"(?!)"
    return (
        r"[\s-]".join(rf"{letter}(?!nd\b|he\b|or\b|an\b|n\b|t\b|s\b|ith\b|rom\b)[a-z]*" for letter in first)
        + rf"[\s-](?:{'|'.join(nouns)})s?"
    )
