"""The settings of a study that a sentence names: learning rates, sizes, counts of its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import JsonValue

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.quantities import Quantity, fits
from stages.g_writing.sentence_check.reading import Number, Sentence, compiled
from stages.g_writing.sentence_check.setups import kinds_said
from stages.g_writing.sentence_check.study import Study

NEARLY_AS_NEAR = 0.15
"""Scores of nearness within which two settings are both meant; '64 steps at batch size 64' names steps with its first number."""


_NO_UNIT_OF_OTHERS = r"(?![ -](?:steps|epochs|updates|iterations|tokens|bytes|hours|minutes|days|runs|seeds|episodes|time)\b)"
"""'45,000 training steps': the noun behind says of what the number is, not the word for the split."""
_ALIKE = {"train": r"(?:train|fit|fitt|learn)\w*", "context": r"(?:context|window|history|receptive field)\w*", "lookback": r"(?:look-?back|window|history)\w*",
          "training": r"(?:train|fit|fitt|learn)\w*", "test": r"(?:test|evaluat)\w*", "val": r"(?:valid|dev)\w*", "eval": r"(?:evaluat|test)\w*", "window": r"(?:window|context)\w*", "bins": r"(?:bins|bands|channels)"}  # fmt: skip
"""Words of ids that texts say otherwise."""


_HELD_IN_OTHERS = frozenset(
    {"steps", "epochs", "tokens", "n_tokens", "params", "n_params", "n_train", "n_val", "n_test", "batch_size"}
)
"""Settings that 'of' does not make the owner of a number with a unit: they are units of others themselves."""
_SYMBOL = re.compile(r"\b(?:(?:alpha|beta|gamma|tau|epsilon|lambda|rho|kappa|sigma|eta|mu|theta)(?:_\{?\w+\}?)?|[A-Za-z])\s?=\s*$")
"""'the temperature to tau = 3': the letter of a setting that is named before it; one that a key is called by is looked up by itself."""


def _part(word: str) -> str:
    """A pattern for one word of an id."""
    return _ALIKE.get(word) or w.SHORT.get(word) or (re.escape(word.removesuffix("s")) + r"\w*" if len(word) > 2 else re.escape(word))


class Settings:
    """Numbers of one sentence against the configuration."""

    def __init__(self, sentence: Sentence, study: Study) -> None:
        self.sentence, self.study = sentence, study
        self.last_key: str | None = None

    def countable(self, number: Number) -> list[str]:
        """The settings that the words name, less those that count things where the number has decimals."""
        counts = "." not in number.text or number.text[-1:].isalpha()
        timed = number.unit in {"s", "ms", "min", "h", "day"}
        return [
            key
            for key in self.keys(number)
            if (counts or not isinstance(self.study.config[key], int))
            and (not timed or re.search(r"time|hour|minute|second|day|budget", key))
        ]

    def keys(self, number: Number) -> list[str]:
        """Keys of the configuration that the words beside the number name, the nearest first."""
        if listed := self.of_tuple(number):
            return listed
        if own := self.of_condition(number):
            return own
        symbol = re.search(
            r"\b(alpha|beta|gamma|tau|epsilon|lambda|rho|kappa|sigma)(?:_?\{?([12])\}?)?\s*=\s*$", self.sentence.text[: number.start]
        )
        if symbol and (by_symbol := self.named_by(f"{symbol[1]}{symbol[2] or ''}", number)):
            return by_symbol
        before, after = self.sentence.near(number, names=False)
        if (held := self.held_out(number, before, after)) is not None:
            return held
        if seen := self.shown(before, after):
            return seen
        for key, words in w.BEHIND.items():
            if key in self.study.config and re.match(rf"\s*(?:{words})\b{_NO_UNIT_OF_OTHERS}", after):
                return [key]
        if self.of_an_update(before, after):
            return ["batch_size"]
        found = [each for key in self.study.config if key != "seeds" for each in self.nearness(key, before, after)]
        found += self.split_sizes(number, after)
        if found:
            if {key for _, key in found} & {"context", "seq_len"}:  # 'a context of 256 tokens': tokens are its unit
                found = [each for each in found if each[1] not in {"tokens", "n_tokens"}]
            found = self.of_the_longer_name(found, number)
            best = min(found)[0]
            keys = [key for near, key in sorted(found) if near <= best + NEARLY_AS_NEAR]
            self.last_key = keys[0]
            return keys
        if listed := self.per_condition(number):
            return listed
        if (
            self.last_key
            and re.fullmatch(r"[\s,)\](\[=]*(?:(?:for|with|in|by) [\w •-]+?)?[\s,;]*(?:and|or|by|x|×)?[\s,(]*", before)
            and before
        ):
            shorter = self.last_key.removeprefix("pretrain_")
            return [shorter] if shorter in self.study.config and re.search(r"\bfine-?\s?tun", before) else [self.last_key]
        return []

    def held_out(self, number: Number, before: str, after: str) -> list[str] | None:
        """'5,000 serve for validation', '5,000 of the 50,000 for validation', '259 each for validation and testing'; None for others."""
        if re.search(r"\b(?:serve|used|held|kept|set|reserved|act)\w*\b[^.,;]*\bvalidation\b", after) and "n_val" in self.study.config:
            return ["n_val"]
        if re.match(r"\s*(?:\w+ )?each (?:for|to|as|in) (?:the )?(?:validation|dev\w*) and (?:the )?test", after):
            return ["n_val"] if self.study.config.get("n_val", 0) == self.study.config.get("n_test", 1) else []
        if re.match(r" of (?:the |our |all )?$", after) and re.match(r"[^.;]*\bfor validation\b", self.sentence.text[number.end :]):
            return ["n_val"] if "n_val" in self.study.config else []
        return None

    def of_the_longer_name(self, found: list[tuple[float, str]], number: Number) -> list[tuple[float, str]]:
        """'Pre-training lasts 400 epochs': pretrain_epochs and not epochs, where the words of the longer name stand in front."""
        ahead = re.split(r"[,;:]|\band\b|\bafter\b", self.sentence.text[: number.start])[-1]
        kept = []
        for near, key in found:
            longer = [other for other in self.study.config if other != key and other.endswith(f"_{key}")]
            other = next((o for o in longer if re.search(rf"\b(?:{_part(o.removesuffix(f'_{key}'))})", ahead, re.IGNORECASE)), None)
            kept.append((near, other if other and not re.search(r"\bfine-?\s?tun", ahead, re.IGNORECASE) else key))
        return kept

    def of_an_update(self, before: str, after: str) -> bool:
        """'each step processes 64 sequences', 'steps of 64 sequences': what one update is made of."""
        made = (
            r"\b(?:steps?|updates?|iterations?|batch(?:es)?|mini-?batch(?:es)?) (?:of|on|with|over|from|computed (?:on|from|over|with)|(?:is|are) (?:computed |made |based |averaged )(?:on|from|over|with)"
            r"|processe?s?|sees?|consumes?|uses?|contains?|holds?|comprises?|covers?|averages? over|draws?|takes?(?: in)?|consists? of|includes?) (?:about )?$"
        )
        cases = rf" (?!tokens|characters|bytes|words|frames|points|days|hours)(?:[a-z-]+ )?(?:{w.CASE_NOUNS})\b"
        if "batch_size" not in self.study.config:
            return False
        if re.search(r"\b(?:mini-?)?batch(?:es)?(?: sizes?)? (?:of|with) $", before, re.IGNORECASE):
            return True  # whatever is counted behind it: 'batches of 128 windows'
        return bool(re.search(made, before, re.IGNORECASE)) and bool(re.match(cases, after))

    def of_condition(self, number: Number) -> list[str]:
        """'The teacher carries x parameters, its student y': teacher_params and student_params, by who is named last before the number."""
        owned = {
            key: name
            for key in self.study.config
            for name in self.study.conditions
            if key.startswith(f"{name}_") and key != f"{name}_"
        }
        if not owned or number.unit:
            return []
        ahead = [m for m in self.sentence.conditions if m.end <= number.start]
        behind = [m for m in self.sentence.conditions if m.start >= number.end]
        close = behind and re.fullmatch(r" [\w-]+ (?:of|for|in) (?:the )?", self.sentence.text[number.end : behind[0].start])
        named = behind[:1] if close else ahead[-1:]
        before, after = self.sentence.near(number, names=False)
        for key, name in owned.items():
            rest = key.removeprefix(f"{name}_")
            elliptic = self.last_key in owned and self.last_key == f"{owned[self.last_key]}_{rest}"
            if named and named[0].name == name and (elliptic or any(self.nearness(rest, before, after))):
                self.last_key = key
                return [key]
        return []

    def shown(self, before: str, after: str) -> list[str]:
        """'Every run processes 12M training images' for images_seen: what a run is shown is not what the training set holds."""
        if not re.search(
            r"\b(?:sees?|saw|process\w*|consum\w+|shown|views?|viewed|presented with|exposed to)\b[^,;]*$", before, re.IGNORECASE
        ):
            return []
        return [
            key
            for key in self.study.config
            if key.endswith("_seen") and re.match(rf"\s*(?:[\w-]+ ){{0,2}}?{re.escape(key[:-5].removesuffix('s'))}s?\b", after)
        ]

    def per_condition(self, number: Number) -> list[str]:
        """'The learning rate was set for each: x for a, y for b': behind a setting that has a value for each condition."""
        ahead = self.sentence.text[: number.start]
        if self.sentence.metrics or number.unit:
            return []
        return [
            key
            for key, value in self.study.config.items()
            if isinstance(value, dict) and {m.name for m in self.sentence.conditions} & set(value)
            for pattern in w.setting_words(key)
            if re.search(rf"(?<!\w)(?:{pattern})(?!\w)", ahead, re.IGNORECASE)
        ][:1]

    def nearness(self, key: str, before: str, after: str) -> Iterator[tuple[float, str]]:
        """How near the words beside a number name a setting, the smaller the nearer; nothing where they do not."""
        for pattern in w.setting_words(key):
            between = r"(?:(?!and\b|or\b|with\b|of\b|per\b|each\b|every\b|in\b|on\b|for\b|at\b|from\b|by\b|using\b|under\b)\w+[\s-]+)"
            behind = compiled(rf"^[\s-]*{between}{{0,2}}?(?:{pattern})(?!\w)").match(after)
            if behind and not (key.endswith("_size") and re.search(r"(?<!size)s$", behind[0])):  # '16 images' are no image_size
                closer = 0.5 if w.setting_words(key) is w.LONGEST_INPUT else 0.0
                yield 0.5 + 0.1 * len(behind[0].split()) - closer, key
            ahead = list(compiled(rf"(?<!\w)(?:{pattern})(?!\w)").finditer(before))
            if ahead and not re.search(r"[.;]", before[ahead[-1].end() :]):
                gap = before[ahead[-1].end() :].replace("\u2022", "")
                gap = _SYMBOL.sub("", gap)
                if (
                    re.fullmatch(r" (?:window |length |size )?of ", gap)
                    and key not in _HELD_IN_OTHERS
                    and re.match(r" (?:time |hourly |daily )?(?:steps|tokens|frames|hours|days|samples)\b", after)
                ):
                    yield 0.3, key  # 'a horizon of 24 steps': the noun behind is the setting's unit
                if re.fullmatch(
                    r"[\s,)(=:]*(?:(?:is|are|was|were|holds?|contains?|comprises?|includes?|consists?|counts?|amounts?|of|to|at|set|size|rate|width|length|count|a|=|with|fixed|spans?|covers?|measures?|stands?|remains?|window|uses?|equal|for|value|over|number|in|all|runs?|and|has|have|\w+ly)[\s=]*){0,5}",
                    gap,
                ):
                    closer = 1.0 if w.setting_words(key) is w.LONGEST_INPUT else 0.0  # 'truncated to 200 items': items of another key
                    yield 1.0 + len(gap.split()) * 0.3 + ("," in gap) * 2 - closer, key
        yield from self.counted_by(key, before, after)
        parts = w.key_parts(key) if key not in w.SETTINGS else []
        headed = len(parts) > 1 and re.search(rf"\b(?:{parts[-1]})\W*(?:of|is|was|=|at)? $", before, re.IGNORECASE)
        if headed and all(re.search(rf"\b(?:{part})", before, re.IGNORECASE) for part in parts):
            yield 0.95, key  # 'the moving average has a decay of x' for ema_decay: all of its words, the last one right before
        if len(parts) > 1 and all(re.search(rf"\b(?:{part})", f"{before} {after}", re.IGNORECASE) for part in parts):
            yield 1.5, key

    def counted_by(self, key: str, before: str, after: str) -> Iterator[tuple[float, str]]:
        """'trained on 85M tokens' for train_tokens, 'a window of 64 bytes' for context_bytes: the key's last word right behind, the others near.

        '80-dimensional mel features' for mel_bins: the number of dimensions of what the key's other words name.
        """
        words = [word for word in key.split("_") if word not in {"n", "num", "size", "s"}]
        if len(words) < 2:
            return
        patterns = [_part(word) for word in words]
        near = f"{before} {after}"
        counted = re.match(rf"[\s-]*(?:(?:million|billion|thousand) )?(?:{patterns[-1]})\b", after, re.IGNORECASE)
        if counted and all(
            re.search(rf"\b(?:{pattern})", before, re.IGNORECASE)
            or re.search(rf"\b(?:{pattern})", near[: len(before) + 1 + len(after)], re.IGNORECASE)
            for pattern in patterns[:-1]
        ):
            yield 0.45, key
        sized = words[-1] in {"bins", "dim", "dims", "features", "channels", "bands", "size", "width", "units"}
        if (
            sized
            and re.match(r"[\s-]*dimension(?:al|s)\b", after)
            and all(re.search(rf"\b(?:{pattern})", after, re.IGNORECASE) for pattern in patterns[:-1])
        ):
            yield 0.45, key

    def split_sizes(self, number: Number, after: str) -> Iterator[tuple[float, str]]:
        """'trained for 30 epochs on 45,000 images', 'validation uses 5,000 images': cases of the split that was named last."""
        if not re.match(
            r"\s*(?:\w+ ){0,2}?(?:images|examples|samples|sentences|rows|points|sequences|documents|instances|cases)\b", after
        ):
            return
        splits = {
            "n_train": r"\b(?:train\w*|fit\w*)\b",
            "n_val": r"\b(?:validat\w*|tun\w+)\b",
            "n_test": r"\b(?:test\w*|evaluat\w+)\b",
        }
        places = {
            key: max((m.end() for m in re.finditer(p, self.sentence.text[: number.start], re.IGNORECASE)), default=-1)
            for key, p in splits.items()
        }
        nearest = max(places, key=lambda key: places[key])
        if places[nearest] >= 0 and nearest in self.study.config:
            yield 1.4, nearest

    def named(self, number: Number) -> Iterator[Quantity]:
        """A number that is no result and is exactly the value of a setting that the sentence names somewhere."""
        if self.divided(number) or re.search(r"\bfine-?\s?tun\w*[\w ]*$", self.sentence.near(number)[0]):
            return
        for key, value in self.study.config.items():
            if key == "seeds" or not any(self.sentence.has(pattern) for pattern in w.setting_words(key)):
                continue
            for path, stored in self.stored(value, number):
                if isinstance(stored, int | float) and not isinstance(stored, bool) and self.fits(number, float(stored)):
                    yield Quantity(float(stored), f"cfg.{key}{path}")

    def unnamed(self, number: Number) -> Iterator[Quantity]:
        """A large whole number that is exactly one setting's, behind which no word names another setting."""
        before, after = self.sentence.near(number)
        known = [pattern for key, patterns in w.SETTINGS.items() for pattern in patterns if key not in self.study.config]
        if any(re.match(rf"[\s-]*(?:{pattern})\b", after, re.IGNORECASE) for pattern in known) or w.NOT_OF_A_STUDY.search(
            f"{before} {after}"
        ):
            return
        cases = re.match(rf"[\s-]*(?:[\w-]+ ){{0,2}}?({w.CASE_NOUNS})\b", after)
        behind = self.sentence.text[number.end :]
        of_one_case = re.match(r"\s*(?:×|x|by)\s?\d|[\s-]*(?:pixels|px|dimensions?|units|bytes|steps|epochs|updates|mm|cm)\b", behind)
        kinds = kinds_said(number, self.sentence)
        tuned = re.search(r"\bfine-?\s?tun\w*[\w ]*$", before) is not None
        for key, value in self.study.config.items():
            if (tuned and key.startswith("pretrain")) or (of_one_case and key.startswith("n_")):
                continue
            if kinds and not any(kind.keys.fullmatch(key) for kind in kinds):
                continue  # 'a resolution of 112 pixels' is no batch size
            if cases and not key.startswith("n_") and cases[1][:-1] not in key and "sample" not in key:
                continue  # 'the 150 cases' are no epochs
            if isinstance(value, int) and not isinstance(value, bool) and value == number.value:
                yield Quantity(float(value), f"cfg.{key}")

    def named_by(self, word: str, number: Number) -> list[str]:
        """Keys of the configuration of which the word is a part and the number the value: rms_alpha for 'alpha = 0.95'."""
        return [
            key
            for key, value in self.study.config.items()
            if word in key.split("_")
            and isinstance(value, int | float)
            and not isinstance(value, bool)
            and self.fits(number, float(value))
        ]

    def of_tuple(self, number: Number) -> list[str]:
        """'(beta1, beta2) = (x, y)': the k-th name for the k-th number."""
        betas = re.search(
            r"\b(?:momentum (?:terms|parameters|coefficients|values)|moments?(?: estimates?)?(?: (?:decay(?: rates?| factors?| coefficients?)?|coefficients?|parameters?|terms?|factors?))?|decay rates of (?:the|its|both) (?:two )?moments|betas?(?: \w+)?)\s*(?:are|were|of|is|with|at|=|:|set to|fixed at|are set to)?\s*(?=\d)",
            self.sentence.text,
            re.IGNORECASE,
        )
        if betas and {"beta1", "beta2"} <= set(self.study.config) and number.start >= betas.end():
            named = [each for each in self.sentence.numbers if each.start >= betas.end()]
            return [f"beta{named.index(number) + 1}"] if named.index(number) < 2 else []
        if split := self.of_splits(number):
            return [split]
        if "respectively" in self.sentence.text and len(self.sentence.numbers) > 1:
            ahead = self.sentence.text[: self.sentence.numbers[0].start]
            order = sorted(
                (m.start(), key)
                for key in self.study.config
                for p in w.setting_words(key)
                if key != "seeds" and (m := re.search(rf"(?<!\w)(?:{p})(?!\w)", ahead, re.IGNORECASE))
            )
            listed = list(dict.fromkeys(key for _, key in order))
            if len(listed) == len(self.sentence.numbers):
                return [listed[self.sentence.numbers.index(number)]]
        run = re.search(r"\(([\w\s,_{}]+)\)\s*=\s*\(([^()]*)\)", self.sentence.text)
        if run is None or not run.start(2) <= number.start < run.end(2):
            return []
        place = self.sentence.text[run.start(2) : number.start].count(",")
        names = [name.strip() for name in run[1].split(",")]
        if place >= len(names):
            return []
        return [key for key in self.study.config if any(re.fullmatch(pattern, names[place]) for pattern in w.setting_words(key))]

    def of_splits(self, number: Number) -> str | None:
        """'split 70/10/20 into training, validation and test sets': the k-th size for the k-th word."""
        run = re.search(
            r"(?P<sizes>\d[\d,]*(?:\s?[/:]\s?\d[\d,]*){1,2})(?![\d.])[^.;\d]*?\b(?P<words>train\w*\b[^.;\d]*?\b(?:(?:valid|dev)\w*\b[^.;\d]*?)?\btest\w*)",
            self.sentence.text,
            re.IGNORECASE,
        )
        if run is None or not run.start("sizes") <= number.start < run.end("sizes"):
            return None
        place = len(re.findall(r"[/:]", self.sentence.text[run.start("sizes") : number.start]))
        named = [
            key
            for key, word in (("n_train", "train"), ("n_val", r"valid|dev"), ("n_test", "test"))
            if re.search(word, run["words"], re.IGNORECASE)
        ]
        return named[place] if place < len(named) and named[place] in self.study.config else None

    def candidates(self, number: Number) -> Iterator[Quantity]:
        keys = self.of_tuple(number) or self.keys(number)
        yield from self.whole(number)
        if self.divided(number):
            return  # what is divided is the whole
        for key in keys:
            value: JsonValue = self.study.config[key]
            if isinstance(value, dict) and number.word and number.value == len(value):
                yield Quantity(number.value, f"count(cfg.{key})")
            for path, stored in self.stored(value, number):
                if isinstance(stored, int | float) and not isinstance(stored, bool) and self.fits(number, float(stored)):
                    yield Quantity(float(stored), f"cfg.{key}{path}")

    def divided(self, number: Number) -> bool:
        """'The 2,594 images of ISIC-2018 are divided into …'."""
        said = r"\s[\w -]+? (?:of [\w\u00b7-]+ )?(?:are|is|were|was|get|gets) (?:divided|split|partitioned)\b"
        return len(self.sentence.numbers) > 2 and re.match(said, self.sentence.text[number.end :]) is not None

    def whole(self, number: Number) -> Iterator[Quantity]:
        """'5k of the 50k images': training and validation cases together, where a part of them is named before."""
        parts = [self.study.config.get(key) for key in ("n_train", "n_val")]
        sizes = [part for part in parts if isinstance(part, int)]
        part = any(other.value in sizes and other.end <= number.start for other in self.sentence.numbers)
        of = re.search(r"\bof (?:the |our |all )?$|\bfrom (?:the |all )$", self.sentence.text[: number.start])
        if len(sizes) == 2 and part and of and number.value == sum(sizes):
            yield Quantity(float(sum(sizes)), "cfg.n_train + cfg.n_val")
        splits = {key: size for key in ("n_train", "n_val", "n_test") if isinstance(size := self.study.config.get(key), int)}
        said = [other.value for other in self.sentence.numbers if other is not number]
        fitted = {key: size for key, size in splits.items() if key != "n_test"}
        apart = self.sentence.has("not|besides|apart|other|while|whereas|remaining")
        everything = all(said.count(size) >= list(splits.values()).count(size) for size in splits.values())
        if (
            len(fitted) == 2
            and number.value == sum(fitted.values())
            and (apart or not everything)
            and all(said.count(size) for size in fitted.values())
        ):
            yield Quantity(number.value, "cfg.n_train + cfg.n_val")
        if len(splits) > 1 and number.value == sum(splits.values()) and all(said.count(size) for size in splits.values()):
            yield Quantity(
                number.value, " + ".join(f"cfg.{key}" for key in splits)
            )  # '2,594 images, divided into …': its parts are told

    def stored(self, value: JsonValue, number: Number) -> Iterator[tuple[str, JsonValue]]:
        """The value, or of a value per condition the one of the condition that the number belongs to."""
        if not isinstance(value, dict):
            yield "", value
            return
        names = [m for m in self.sentence.conditions if m.name in value]
        own = {float(v) for v in value.values() if isinstance(v, int | float)}
        listed = [n for n in self.sentence.numbers if n.value in own or n is number]
        if len(listed) == len(names) > 1 and (listed[-1].end <= names[0].start or names[-1].end <= listed[0].start):
            name = names[listed.index(number)].name  # 'x, y and z for a, b and c'
            yield f".{name}", value[name]
            return
        if len({m.name for m in names}) == 1:
            yield f".{names[0].name}", value[names[0].name]
            return
        following = [
            m for m in names if m.start >= number.end and not any(number.end <= o.start < m.start for o in self.sentence.numbers)
        ]
        preceding = [
            m
            for m in names
            if m.end <= number.start and not any(m.end <= o.start < number.start and o.unit != "x" for o in self.sentence.numbers)
        ]
        between = self.sentence.text[number.end : following[0].start] if following else ""
        chosen = (
            following[:1]
            if following and re.fullmatch(r"\s*(?:for|with|in|\()\s*(?:the )?", between)
            else preceding[-1:] or following[:1]
        )
        for mention in chosen:
            yield f".{mention.name}", value[mention.name]

    def fits(self, number: Number, stored: float) -> bool:
        rounded = number.step > 1 and number.text[-1:].isalpha()  # 11.2M, 50M: rounded to what is shown
        if stored != int(stored) and not rounded:  # 0.05 is no 0.1
            shown = len(re.sub(r"e.*|\D", "", number.text).lstrip("0"))
            return fits(number, stored) if shown > 1 else abs(number.value - stored) < 1e-9 * max(1.0, abs(stored))
        return fits(number, stored) if rounded else abs(number.value - stored) < 1e-9
