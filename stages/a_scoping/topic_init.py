"""Stage 1: read the topic and say what the study wants to know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from stages.a_scoping.study import kit_to_be
from stages.a_scoping.topic_matching import match_topic
from stages.asking import accepted
from stages.contracts import Blueprint, Brief, Contract, Factor, Goal, Kit, MeasureName, Slug, TopicMatch
from stages.e_execution.measures import MEASURES
from stages.errors import SettingsError, TopicOutsideKits
from stages.ports import Context, Question


class Inputs(Contract):
    brief: Brief


class TopicQuestion(Question):
    """Which kit and which of its factors does the topic ask about?"""

    template: ClassVar[str] = "a_scoping/topic_init.md.j2"

    topic: str
    kits: tuple[Kit, ...]

    def faults(self, answer: TopicReading) -> Iterator[str]:
        yield from _faults(answer, self.kits)


class TopicReading(Contract):
    """How a mind reads the topic; no kit means that none can answer it."""

    kit: Slug | None
    matches: tuple[TopicMatch, ...]
    contest: bool = False
    set_aside: tuple[Slug, ...] = ()
    question: str = Field(description="The topic as one question, ending with '?'.")
    choices: tuple[str, ...]


class BlueprintQuestion(Question):
    """No kit answers the topic: which small study would?

    A mind that writes no code raises `TopicOutsideKits` with `refusal`.
    """

    template: ClassVar[str] = "a_scoping/blueprint.md.j2"

    topic: str
    question: str
    measures: dict[MeasureName, str] = Field(description="What can be measured: name -> what it is.")
    names_taken: tuple[Slug, ...]
    refusal: str

    def faults(self, answer: Blueprint) -> Iterator[str]:
        yield from _contradictions(answer, self.names_taken)


def run(inputs: Inputs, ctx: Context) -> Goal:
    """The goal of the study, tied to a kit that can answer it or to the blueprint of one that will be written.

    Raises:
        TopicOutsideKits: no kit can answer the topic, and the mind writes none.
        MalformedAnswer: the blueprint contradicts itself.
        SettingsError: the kit that the settings name does not exist.
        MalformedAnswer: the reading names a kit, a factor or a level that does not exist.
    """
    brief = inputs.brief
    kits = tuple(kit for kit in ctx.kits if brief.kit in (None, kit.name))
    if not kits:
        raise SettingsError(f"experiment.kit is {brief.kit!r}; the kits here are {', '.join(repr(kit.name) for kit in ctx.kits)}")
    reading = accepted(ctx, TopicQuestion(topic=brief.topic, kits=kits), TopicReading)
    kit = answering(reading, kits)
    if kit is None:
        if brief.kit is not None:
            raise TopicOutsideKits(_outside(brief.topic, kits))
        return _with_blueprint(brief, reading, ctx)
    return Goal(
        topic=brief.topic,
        question=reading.question,
        domain=kit.domain,
        kit=kit.name,
        study="two_factors" if len(reading.matches) == 2 else "one_factor",
        contest=reading.contest and len(reading.matches) == 2,
        matches=reading.matches,
        set_aside=reading.set_aside,
        metric=kit.metric,
        success_criterion=_success(kit),
        choices=reading.choices,
        hardware=brief.hardware,
    )


def _faults(reading: TopicReading, kits: tuple[Kit, ...]) -> list[str]:
    if reading.kit is None:
        return []
    kit = next((kit for kit in kits if kit.name == reading.kit), None)
    if kit is None:
        return [f"there is no kit {reading.kit!r}; the kits are {', '.join(kit.name for kit in kits)}"]
    factors = {factor.name: factor for factor in kit.factors}
    named = [match.factor for match in reading.matches]
    found = [f"kit {kit.name} has no factor {name!r}" for name in (*named, *reading.set_aside) if name not in factors]
    if len(set(named)) != len(named) or len(named) > 2:
        found.append("one factor is matched, or two different ones; further ones are set aside")
    for match in reading.matches:
        levels = {level.name for level in factors[match.factor].levels} if match.factor in factors else set()
        found += [f"factor {match.factor!r} has no level {level!r}" for level in match.levels if level not in levels]
    return found


def answering(reading: TopicReading, kits: tuple[Kit, ...]) -> Kit | None:
    """The kit that can answer the topic."""
    return next((kit for kit in kits if kit.name == reading.kit and reading.matches), None)


def chosen(topic: str, reading: TopicReading, kits: tuple[Kit, ...]) -> Kit:
    """The kit that can answer the topic. Raises: TopicOutsideKits: there is none."""
    kit = answering(reading, kits)
    if kit is None:
        raise TopicOutsideKits(_outside(topic, kits))
    return kit


def _with_blueprint(brief: Brief, reading: TopicReading, ctx: Context) -> Goal:
    question = BlueprintQuestion(
        topic=brief.topic,
        question=reading.question,
        measures={name: f"{measure.label}, for {measure.task}" for name, measure in MEASURES.items()},
        names_taken=tuple(kit.name for kit in ctx.kits),
        refusal=_outside(brief.topic, ctx.kits),
    )
    blueprint = accepted(ctx, question, Blueprint)
    kit = kit_to_be(blueprint)
    return Goal(
        topic=brief.topic,
        question=reading.question,
        domain=kit.domain,
        kit=kit.name,
        study="two_factors" if len(kit.factors) == 2 else "one_factor",
        contest=reading.contest and len(kit.factors) == 2,
        matches=tuple(_match(brief.topic, factor) for factor in kit.factors),
        metric=kit.metric,
        success_criterion=_success(kit),
        choices=(*reading.choices, "No shipped study answers the topic, so the code of a new one was written for it."),
        hardware=brief.hardware,
        blueprint=blueprint,
    )


def _contradictions(blueprint: Blueprint, names_taken: tuple[Slug, ...]) -> Iterator[str]:
    """Why a blueprint cannot become a kit."""
    measure = MEASURES[blueprint.measure]
    if blueprint.name in names_taken:
        yield f"a kit named {blueprint.name!r} is shipped; the blueprint needs another name"
    if measure.task != blueprint.task:
        yield f"{blueprint.measure} measures {measure.task}, and the blueprint is of {blueprint.task}"
    if measure.needs == "coefficients" and blueprint.data_source != "synthetic":
        yield f"{blueprint.measure} needs data whose true coefficients are known: synthetic data"
    for factor in blueprint.factors:
        names = [level.name for level in factor.levels]
        if len(set(names)) != len(names) or sum(level.is_baseline for level in factor.levels) != 1:
            yield f"the levels of {factor.name!r} need different names, and exactly one must be the baseline"
        if unknown := [name for name in factor.default_contrasts if name not in names]:
            yield f"default_contrasts of {factor.name!r} names unknown levels {unknown}"
        if factor.ablation.settings or any(level.settings for level in factor.levels):
            yield f"the levels of {factor.name!r} have settings; in a kit that is to be written levels become patches"


def _match(topic: str, factor: Factor) -> TopicMatch:
    """Where the topic speaks of a factor: its own words and its levels' that stand there; else the whole topic."""
    text = topic.lower()
    levels = tuple(level.name for level in factor.levels if not level.is_baseline and any(word in text for word in level.words))
    words = [word for words in (factor.words, *(level.words for level in factor.levels)) for word in words if word in text]
    return TopicMatch(factor=factor.name, levels=levels, words=tuple(dict.fromkeys(words)) or (topic,))


def _success(kit: Kit) -> str:
    return (
        f"The study succeeds when every planned comparison has a paired difference in {kit.metric.label} "
        "with an interval, whichever way the difference points."
    )


def _outside(topic: str, kits: tuple[Kit, ...]) -> str:
    answerable = "\n".join(f"  - {line}" for kit in kits for line in kit.answers)
    beyond = tuple(dict.fromkeys(word for kit in kits for word in match_topic(topic, kit).foreign))
    because = f" ({', '.join(map(repr, beyond))}: not among what a kit varies)" if beyond else ""
    return (
        f"no study kit can answer the topic {topic!r}{because}. The rule-based researcher can study:\n{answerable}\n"
        "Rephrase the topic with one of these, or configure a language model: set llm.provider in config.arc.yaml "
        "(the file says how)."
    )
