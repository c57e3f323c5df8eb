"""Cues in sentences without a verb: 'Seeds: five.', 'Five seeds, five wins over x.', 'One dataset (CIFAR-10).', 'd_z against x: 2.6.'"""

from __future__ import annotations

import re

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.cues.place import Place
from stages.g_writing.sentence_check.phrases import COUNTED

_KINDS_OF_SETTINGS = (
    (r"data ?sets?|corp(?:us|ora)|benchmarks?", r"data|corpus|bench"),
    (r"environments?|tasks?", r"env|task"),
    (r"networks?|models?|architectures?|backbones?", r"model|network|arch|backbone"),
    (r"optimi[sz]ers?", r"optimi[sz]er"),
)
"""Nouns for things that a configuration names, and the keys that hold their names."""


def wins_told(at: Place) -> str | None:
    """'five wins over x': the seeds on which one is better."""
    won = re.match(r"\s(?:\w+ )?(?:wins?|victor(?:y|ies))\b", at.after)
    return "part of seeds" if won and at.number.step == 1 and not at.number.unit else None


def all_of_the_wins(at: Place) -> str | None:
    """'five wins in five', 'five victories out of five': the number of seeds that were compared."""
    ahead = re.search(r"\b(?:wins?|victor(?:y|ies)) (?:in|out of|from) $", at.ahead)
    return "seeds" if ahead and at.number.step == 1 and not at.number.unit and re.match(r"\s*(?:[,.;)]|$)", at.behind) else None


_HEADS = r"(?:overhead|gain|gap|difference|saving|advantage|lead|margin|improvement|penalty|premium)s?"


def lost_of_them(at: Place) -> str | None:
    """'a lost two of them': of the seeds spoken of before, in a clause that stands alone."""
    done = re.search(r"\b(?:lost|loses|completed|finished|crashed (?:on|in)|failed (?:on|in)) (?:only |just |all )?$", at.ahead)
    of_them = re.match(r" of (?:them|these|those|its own|its)\b\W*(?:$|[,.;)])", at.behind)
    return "part of seeds" if done and of_them and at.number.word and at.sentence.conditions else None


def difference_headed(at: Place) -> str | None:
    """'Cost: 365 s per run', 'Gain over x: 1.29': a note headed by the name of a difference."""
    headed = re.fullmatch(
        rf"\W*(?:[\w-]+ ){{0,3}}?{_HEADS}(?: [^:;,.\d]{{0,60}})?: (?:about |only |just |some )?", at.ahead, re.IGNORECASE
    )
    cost = re.fullmatch(
        r"\W*(?:(?:the|its|our|extra|additional|added) )?(?:cost|price): (?:about |only |just |some )?", at.ahead, re.IGNORECASE
    )
    return "difference" if headed or (cost and not at.sentence.conditions) else None


_DISTANCE = re.compile(
    r"\b(?:distance|gap|difference|step|lead|margin|jump|way|move|change) (?:(?:in|of) (?:[\w-]+ ){1,3})?(?:between|from) [^,;.:\d]+?"
    r"(?:, (?:which|that) (?:is|was|amounts to|comes to|measures)|, namely|,? (?:is|was) [a-z]+, namely|, that is,?) (?:about |only |just |some )?$",
    re.IGNORECASE,
)


def distance_told(at: Place) -> str | None:
    """'the distance between a and b, which is 6.84', 'the step from a to b is small, namely 0.69'."""
    return "difference" if _DISTANCE.search(at.ahead) else None


def conditions_headed(at: Place) -> str | None:
    """'Optimisers: three, with five seeds each.'"""
    headed = re.fullmatch(rf"\W*(?:{w.CONDITION_NOUNS}): ", at.ahead, re.IGNORECASE)
    return "conditions" if headed and at.number.step == 1 and re.match(r"[,.;]", at.behind) else None


def seeds_headed(at: Place) -> str | None:
    """'Seeds: five.'"""
    headed = re.match(
        r"\W*(?:(?:random|training|number of) )*(?:seeds|runs|repetitions|trials)(?: (?:per|for each|for every) [\w-]+)?: $",
        at.ahead,
        re.IGNORECASE,
    )
    return "seeds" if headed and not re.match(r"[\s\w-]*[,\d]", at.behind) and "." not in at.number.text else None


def statistic_headed(at: Place) -> str | None:
    """'Paired d_z against x: 2.6.', 'Signed-rank p against x: 0.0625.'"""
    if re.search(r"(?<!\w)(?:Cohen's d|d_\{?z\}?|dz|[Ee]ffect size)(?!\w)[^.;:\d]{0,60}:\s*$", at.before):
        return "dz"
    headed = re.match(r"[^.;:\d=<>]{0,60}\bp(?:[ -]?values?)?(?!\w)[^.;:\d=<>]{0,60}:\s*$", at.ahead)
    return "p" if headed and "." in at.number.text else None


def named_in_brackets(at: Place) -> str | None:
    """'One dataset (CIFAR-10), one network (ResNet-18)': as many as the configuration names, and that name."""
    for nouns, keys in _KINDS_OF_SETTINGS:
        said = re.match(rf" (?:single )?(?:{nouns}) \((?P<name>[^()]+)\)", at.behind, re.IGNORECASE)
        if said is None or at.number.unit:
            continue
        for key, value in at.study.config.items():
            names = [str(each) for each in value] if isinstance(value, list) else [value] if isinstance(value, str) else []
            shown = [re.sub(r"[\W\d_\u00b7]", "", name).lower() for name in names]
            spelt = re.sub(r"[\W\d_\u00b7]", "", said["name"]).lower()
            if (
                re.search(keys, key)
                and at.number.value == len(names)
                and (spelt in shown if len(shown) == 1 else all(n in spelt for n in shown))
            ):
                return "free"
    return None


def one_data_set(at: Place) -> str | None:
    """'One language pair, three methods, five seeds each': the only data set or environment of the configuration."""
    said = re.match(r" (?:single )?(?:data ?set|corpus|benchmark|language pair|task|environment)(?=[,.;])", at.behind, re.IGNORECASE)
    named = [
        value for key, value in at.study.config.items() if re.search(r"data|corpus|bench|env|task", key) and isinstance(value, str)
    ]
    alone = at.number.word and at.number.value == 1 and len(named) == 1
    return "free" if said and alone and not re.search(r",| and ", named[0]) else None


def pronoun_of_a_test(at: Place) -> str | None:
    """'too few to make one informative': a test that was spoken of."""
    made = re.search(r"\b(?:make|makes|render|renders|run|report|perform|conduct|justify|support|warrant|for|of|to) $", at.ahead)
    spoken = re.search(r"\btests?\b", at.ahead)
    return "free" if at.number.text.lower() == "one" and made and spoken and not re.match(COUNTED["seeds"], at.behind) else None
