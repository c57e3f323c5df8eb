"""How the rule-based researcher reads a topic and takes it apart."""

from __future__ import annotations

from collections.abc import Sequence

from stages.a_scoping.problem_decompose import DecomposeQuestion
from stages.a_scoping.topic_init import BlueprintQuestion, TopicQuestion, TopicReading
from stages.a_scoping.topic_matching import MatchedTopic, match_topic
from stages.contracts import Blueprint, Factor, Kit, ProblemTree, SubQuestion, TopicMatch
from stages.errors import TopicOutsideKits

FACTORS_IN_A_STUDY = 2
"""A factorial study of more than two factors does not fit into the default budget."""


def read_topic(question: TopicQuestion) -> TopicReading:
    """The first kit whose words the topic uses; the first two factors that it names become the study."""
    for kit in question.kits:
        matched = match_topic(question.topic, kit)
        if matched.in_scope and matched.matches:
            return _reading(question.topic, kit, matched)
    return TopicReading(kit=None, matches=(), question=_as_question(question.topic), choices=())


def refuse_blueprint(question: BlueprintQuestion) -> Blueprint:
    """Rules write no code, so a topic that no kit can answer ends here."""
    raise TopicOutsideKits(question.refusal)


def _reading(topic: str, kit: Kit, matched: MatchedTopic) -> TopicReading:
    studied = matched.matches[:FACTORS_IN_A_STUDY]
    set_aside = tuple(match.factor for match in matched.matches[FACTORS_IN_A_STUDY:])
    factors = {factor.name: factor for factor in kit.factors}
    return TopicReading(
        kit=kit.name,
        matches=studied,
        contest=matched.contest and len(studied) == FACTORS_IN_A_STUDY,
        set_aside=set_aside,
        question=topic.strip() if topic.strip().endswith("?") else _question_of(studied, factors, matched.contest),
        choices=_choices(studied, set_aside, factors, matched.contest),
    )


def _as_question(topic: str) -> str:
    text = topic.strip().rstrip(".!")
    return text if text.endswith("?") else f"{text}?"


def _question_of(studied: tuple[TopicMatch, ...], factors: dict[str, Factor], contest: bool) -> str:
    if len(studied) == 1:
        return factors[studied[0].factor].question
    first, second = (factors[match.factor].named for match in studied)
    if contest:
        return f"Which matters more for a tiny byte-level language model, {first} or {second}?"
    return f"In a tiny byte-level language model, do the effects of {first} and {second} depend on each other?"


def _choices(
    studied: tuple[TopicMatch, ...], set_aside: tuple[str, ...], factors: dict[str, Factor], contest: bool
) -> tuple[str, ...]:
    choices = []
    for match in studied:
        factor = factors[match.factor]
        quoted = " and ".join(f"\u201c{word}\u201d" for word in match.words)
        lone = len(match.words) == 1 and " " not in match.words[0]
        words = f"word {quoted}" if lone else f"words {quoted}"
        # 'The word dropout was read as a question about dropout' would tell a reader nothing.
        obvious = any(_plainly(word) in {_plainly(factor.label), _plainly(factor.named)} for word in match.words)
        if not obvious and not match.levels:
            choices.append(f"The {words} of the topic {'was' if lone else 'were'} read as a question about {factor.named}.")
        labels = {level.name: level.label for level in factor.levels}
        alone = len(studied) == 1
        if match.levels:
            taken = match.levels if alone else match.levels[:1]
            chosen = _listed([labels[level] for level in taken])
            about = "" if obvious else f" as a setting of {factor.named}"
            choices.append(
                _word_by_word(match, taken, factor)
                or f"The {words} of the topic {'was' if lone else 'were'} taken to ask for {chosen}{about}."
            )
        else:
            common = _listed([labels[level] for level in (factor.default_contrasts if alone else factor.default_contrasts[:1])])
            which = "the common ones were taken" if alone else "a common one was taken"
            choices.append(f"The topic names no particular setting of {factor.named}, so {which}: {common}.")
    if len(studied) == FACTORS_IN_A_STUDY:
        first, second = (factors[match.factor].named for match in studied)
        pair = f"{first[:1].upper()}{first[1:]} and {second}"
        choices.append(
            f"{pair} were taken as rivals and also tried together."
            if contest
            else f"{pair} were varied alone and together, so that an interplay can show."
        )
    if set_aside:
        left = ", ".join(factors[name].named for name in set_aside)
        choices.append(f"The topic also mentions {left}, which this study leaves at its default.")
    return tuple(choices)


def _word_by_word(match: TopicMatch, taken: Sequence[str], factor: Factor) -> str:
    """Which words ask for which level, where they ask for the reference beside others; empty where they do not."""
    said: dict[str, list[str]] = {}
    for word in match.words:
        named = [level for level in factor.levels if _joined(word) in {_joined(known) for known in (*level.words, level.label)}]
        if len(named) == 1:
            said.setdefault(named[0].name, []).append(f"\u201c{word}\u201d")
    reference = next(level.name for level in factor.levels if level.is_baseline)
    if reference not in said or not set(taken) <= said.keys():
        return ""
    labels = {level.name: level.label for level in factor.levels}
    first, *more = taken
    verb = "was" if len(said[first]) == 1 else "were"
    others = "".join(f", {_listed(said[level])} for {labels[level]}" for level in more)
    return (
        f"In the topic, {_listed(said[first])} {verb} taken to ask for {labels[first]}{others}, and {_listed(said[reference])} for "
        f"{labels[reference]}, the reference."
    )


def _joined(words: str) -> str:
    return _plainly(words).replace(" ", "")


def _listed(labels: list[str]) -> str:
    return f"{', '.join(labels[:-1])} and {labels[-1]}" if len(labels) > 1 else labels[0]


def _plainly(words: str) -> str:
    """Without articles, hyphens and a plural, to see whether two names are the same."""
    return " ".join(word for word in words.lower().replace("-", " ").split() if word != "the").removesuffix("s")


def decompose(question: DecomposeQuestion) -> ProblemTree:
    """The effect, its size, its dependence on a companion component, its cost, and what is known."""
    goal, factors = question.goal, question.factors
    metric = goal.metric.label
    subs = [
        SubQuestion(
            id=f"effect_of_{factor.name}",
            text=f"Is there an effect of {factor.named} on {metric} when everything else is held fixed?",
            priority=1,
            factors=(factor.name,),
        )
        for factor in factors
    ]
    if len(factors) == FACTORS_IN_A_STUDY:
        first, second = factors
        subs.append(
            SubQuestion(
                id="interplay",
                text=f"Is the effect of {first.named} the same under either setting of {second.named}?",
                priority=1,
                factors=(first.name, second.name),
            )
        )
    subs += [
        SubQuestion(
            id=f"component_of_{factor.name}",
            text=f"How does the score of a condition move with {factor.ablation.removes} taken out?",
            priority=2,
            factors=(factor.name,),
        )
        for factor in factors[:1]
    ]
    subs.append(
        SubQuestion(
            id="against_noise",
            text=f"Is the difference in {metric} larger than what a new random seed alone would bring?",
            priority=2,
        )
    )
    subs.append(
        SubQuestion(
            id="known_work",
            text=f"What has been reported about {' and '.join(factor.named for factor in factors)} before?",
            priority=3,
            factors=tuple(factor.name for factor in factors),
        )
    )
    return ProblemTree(sub_questions=tuple(subs))
