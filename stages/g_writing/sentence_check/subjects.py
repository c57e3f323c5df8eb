"""Whose result a sentence tells that names no condition: a subject that the study does not know is somebody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study

_ATTAINS = (
    r"reach(?:es|ed)?|attain(?:s|ed)?|obtain(?:s|ed)?|achiev(?:es|ed?)|scor(?:es|ed?)|gets?|yield(?:s|ed)?|gives?|gave|manag(?:es|ed?)|deliver(?:s|ed)?|sustain(?:s|ed)?|"
    r"process(?:es|ed)?|needs?|needed|keeps?|kept|records?|recorded|post(?:s|ed)|averag(?:es|ed?)|arriv(?:es|ed?)|lands?|landed|settles?|settled|encodes?|produces?|produced|hits?|earns?|earned|comes? to|came to|ends? (?:at|up)|stands? at|stood at|amounts? to|"
    r"makes?|made|commits?|committed|succeeds?|succeeded|fails?|lowers?|lowered|reduc(?:es|ed?)|raises?|raised|increas(?:es|ed?)|improv(?:es|ed?)|brings?|brought|cuts?|pushe[sd]|drives?|drove|lifts?|lifted|boosts?|boosted|"
    r"answers?|answered|handles?|handled|serves?|served|completes|completed|solves?|solved|decodes?|decoded|generates?|generated|resolves?|resolved|takes?|took|stays?|stayed|remains?|remained|predicts?|predicted|estimates?|estimated"
)
_SUBJECT = re.compile(
    rf"(?:^|, |; |: |\b(?:while|whereas|and|but|that) )(?P<subject>(?:(?!of\b|for\b|in\b|on\b|with\b|at\b|which\b|that\b)[A-Za-z][\w'-]* ){{1,5}}?(?:of (?:the |our |all )?\w+ )?)(?:\w+ly )?(?:{_ATTAINS})\b",
    re.IGNORECASE,
)
_NOUNS = r"(?:(?!of\b|for\b|in\b|on\b|with\b|at\b|which\b|that\b|and\b|to\b|by\b|is\b|are\b|was\b)[A-Za-z][\w'-]* ?){1,4}"
_AGENT = re.compile(
    rf"(?:^|, |; )(?:With|Under|Using|For) (?P<subject>{_NOUNS}), |\b(?:reached|attained|obtained|achieved|delivered|measured|recorded) (?:by|with|for|under) (?P<agent>{_NOUNS})(?=[,.;(]|$)"
    rf"|\b(?:accuracy|error|loss|perplexity|return|score|throughput|rate|RMSE|F1) (?:of|for|with|under) (?P<owner>{_NOUNS}) (?:is|was|reaches|amounts|stands|comes|falls|rises|drops)\b",
    re.IGNORECASE,
)
_ON = re.compile(rf"(?<!based )(?<!depending )(?<!trained )(?<!fitted )\bon (?P<place>{_NOUNS})(?=[,.;(]|$)", re.IGNORECASE)
"""'On a real robot, …': where it was measured."""
_CASES = re.compile(
    rf"\b(?:held-out|test|validation|evaluation|unseen test|development)(?: (?:test|set))? (?:{w.CASE_NOUNS})\b", re.IGNORECASE
)
"""'the held-out test tiles': whatever the cases are called, they are those of a split."""
_GENERAL = frozenset(
    """benefit benefits advantage lead edge contribution reduction increase share rise drop price penalty overhead validation held held-out additional extra further relative absolute cohen ablations luckiest unluckiest lucky weakest strongest contrast contrary hand basis par purpose average whole the and our its their this that these those each every all both any some one only just even also still most neither none such another
    you she they who what which there here per are was were been being does did not cannot can could would will may might must has have had
    same single final full whole entire resulting trained average averaged mean median best worst better other others remaining exact paired signed
    rank sided two-sided wilcoxon student welch first second third last new present current original individual separate different respective
    corresponding overall total typical thus then therefore hence finally moreover however instead again together alone alike typically usually
    training trainings trial evaluation evaluations test tests testing measurement measurements comparison comparisons ablation result results
    value values figure figures number numbers gain gains improvement improvements difference differences effect effects change changes gap study
    work paper section table data dataset set split sample samples example examples observation observations deviation interval confidence level
    budget cost time hour hours second seconds minute minutes epoch epochs step steps setting settings setup procedure optimisation optimization
    top balance enabling disabling introducing including applying learning fitting tuning search replacing removing adding using switching moving going dropping doubling""".split()
)
"""Words of everybody's; a kind of model ('larger', 'transformer') is none of them."""


def unknown_subjects(sentence: Sentence, study: Study, known: str) -> Iterator[str]:
    """'A transformer reaches 0.92' in a study of none: a word of the subject is neither the study's nor everybody's.

    Only for a sentence that prints a result. Where a condition is named, it is the subject, and only the place ('on noisy speech')
    is asked for. known: every recorded word.
    """
    places = _ON.finditer(sentence.text)
    for said in places if sentence.conditions else (*_SUBJECT.finditer(sentence.text), *_AGENT.finditer(sentence.text), *places):
        if any(mention.start < said.end() and said.start() < mention.end for mention in sentence.conditions):
            continue
        subject = next(group for group in said.groups() if group)
        subject = _CASES.sub(" ", subject)
        strange = [
            word for word in re.findall(r"[A-Za-z][A-Za-z-]{2,}(?!\w)", subject) if not familiar(word.lower(), sentence, study, known)
        ]
        if strange:
            yield f"{subject.strip()!r}: nobody of that name is in this study"


def familiar(word: str, sentence: Sentence, study: Study, known: str) -> bool:
    """A word of everybody's, of the record, of a metric, or the name of something that is counted."""
    parts = [part for part in re.split(r"[-\W]", word) if len(part) > 2]
    nouns = rf"{w.CONDITION_NOUNS}|{w.SEED_NOUNS}|{'|'.join(w.NUMBER_WORDS)}"
    metrics = " ".join(sentence.text[m.start : m.end].lower() for m in sentence.metrics)
    if word.startswith("test-time"):
        return "test-time" in known
    return word in _GENERAL or all(
        part in _GENERAL
        or any(len(own) > 2 and part.startswith(own) for name in study.conditions for own in name.split("_"))
        or re.fullmatch(nouns, part) is not None
        or re.search(rf"\b{re.escape(part[:5])}", f"{known.replace('_', ' ')} {metrics}") is not None
        for part in parts
    )
