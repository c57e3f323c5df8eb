"""'Each summariser finished every one of its scheduled runs', 'nothing crashed': held against the seeds that are in the record."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from stages.g_writing.sentence_check.condition_names import REMOVED
from stages.g_writing.sentence_check.counts import FAILED
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study

_RUNS = r"(?:seeds?|runs?|repetitions?|trials?|trainings|experiments|repeats|replicates)"
_ALL = r"(?:all|every|each|both|the (?:full|complete|whole|entire)(?: set| number| complement)?)"
_DONE = (
    r"(?:complet(?:e|es|ed)|finish(?:es|ed)?|converg(?:es?|ed)|succeed(?:s|ed)?|surviv(?:es?|ed)|made it|(?:ran|runs|trained|went|got|came)(?: \w+)? (?:through|to (?:the (?:very )?end|completion))"
    r"|reach(?:es|ed)? (?:the end|completion)|(?:is|are|was|were) (?:all )?(?:available|there|usable|included|recorded|carried through|(?:run|trained|carried) (?:through|to (?:the (?:very )?end|completion))|in (?:the|our) (?:averages?|means?|tables?|records?|results?)))"
)
_WORDS = r"(?:(?!(?:but|except|only|not|of|by|on|with)\b)[\w'-]+ ){0,3}?"
_NO_ONE = (
    r"(?:no(?: single)?|none of (?:the|our|its|these)|neither of (?:the|our|its|these)|not (?:one|a single|any)(?: of (?:the|our|its|these))?"
    r"|without (?:an?|any|a single)|nothing|never)"
)
_CLAIMS = (
    re.compile(
        rf"\b{_ALL}(?: one)?(?: of)? {_WORDS}(?:{_RUNS}|[a-z]+(?:er|or|ion)s?|models?|methods?|agents?|variants?|conditions?|networks?|systems?)(?: (?:of|for|by) [^,;.\d]{{1,40}})? (?:has |have )?(?:all |\w+ly )?{_DONE}\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b{_DONE} (?:with |on |in |for |through )?(?:\w+ )?{_ALL}(?: single)?(?: one)?(?: of)? {_WORDS}{_RUNS}\b", re.IGNORECASE
    ),
    re.compile(
        rf"\b{_NO_ONE}(?: {_WORDS}\w+)? (?:(?:ever|had to be|needed to be|has been|have been|has|have|had|is|are|was|were) ){{0,2}}(?:{FAILED}|discard\w*|exclud\w*|lost|loses?|missing|drop(?:ped|s)? out)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:no|without(?: any| a single)?|zero) (?:failures?|crash(?:es)?|(?:failed|crashed|diverged|aborted|missing|lost|incomplete|divergent) "
        + _RUNS
        + ")",
        re.IGNORECASE,
    ),
)
"""That all runs came to their end, or that none failed."""
_LIMITED = re.compile(
    r"\b(?:not|nearly|almost|hardly|all but|except|apart from|other than|save for|besides|whether|if|unless|would|should|until|only)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;:]|,(?! \w+,)|\b(?:while|whereas|but|although|though|and(?= [^,;]*\b(?:crash|fail|diverg|ran out|lost)))\b")
_REST = re.compile(r"\b(?:others?|remaining|rest)\b", re.IGNORECASE)


def completeness(sentence: Sentence, study: Study) -> Iterator[str]:
    """Reasons against a claim that all runs were completed: of the conditions that its clause names, else of all."""
    short = {name for name in study.conditions if study.completed(name) < study.planned_seeds}
    if not short:
        return
    cuts = [0, *(match.end() for match in _CLAUSE.finditer(sentence.text)), len(sentence.text)]
    for start, end in itertools.pairwise(cuts):
        clause = sentence.text[start:end]
        said = next((match for pattern in _CLAIMS if (match := pattern.search(clause))), None)
        if said is None or _LIMITED.search(re.sub(r"(?i)\bnot (?=one|a single|any)", "", clause)):
            continue
        if re.search(r"\b(?:that|who|those|which) (?:have |had )?$", clause[: said.start()]) and not re.search(
            r",\W*$", sentence.text[:start]
        ):
            continue  # 'the methods that completed all their runs': which of them is not said
        named = {m.name for m in sentence.conditions if start <= m.start < end and not m.name.startswith(REMOVED)}
        if not named and _REST.search(clause):
            named = set(study.conditions) - {m.name for m in sentence.conditions}
        if not named and re.match(r"\W*(?:it|they|which|where it|both)\b", clause, re.IGNORECASE):
            named = {m.name for m in sentence.conditions if m.end <= start}
        if lost := sorted(short & (named or set(study.conditions))):
            yield f"{said[0]!r}: {lost[0]} has {study.completed(lost[0])} of {study.planned_seeds} seeds"
            return
