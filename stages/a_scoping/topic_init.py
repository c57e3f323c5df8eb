"""Stage 1: read the topic and say what the study wants to know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from stages.asking import accepted
from stages.contracts import Brief, Contract, Goal, Kit, Slug, TopicMatch
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


def run(inputs: Inputs, ctx: Context) -> Goal:
    """The goal of the study, tied to a kit that can answer it.

    Raises:
        TopicOutsideKits: no kit can answer the topic.
        SettingsError: the kit that the settings name does not exist.
        MalformedAnswer: the reading names a kit, a factor or a level that does not exist.
    """
    brief = inputs.brief
    kits = tuple(kit for kit in ctx.kits if brief.kit in (None, kit.name))
    if not kits:
        raise SettingsError(f"experiment.kit is {brief.kit!r}; the kits here are {', '.join(repr(kit.name) for kit in ctx.kits)}")
    reading = accepted(ctx, TopicQuestion(topic=brief.topic, kits=kits), TopicReading)
    kit = chosen(brief.topic, reading, kits)
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
        success_criterion=(
            f"The study succeeds when every planned comparison has a paired difference in {kit.metric.label} "
            "with an interval, whichever way the difference points."
        ),
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


def chosen(topic: str, reading: TopicReading, kits: tuple[Kit, ...]) -> Kit:
    """The kit that can answer the topic. Raises: TopicOutsideKits: there is none."""
    kit = next((kit for kit in kits if kit.name == reading.kit), None)
    if kit is None or not reading.matches:
        raise TopicOutsideKits(_outside(topic, kits))
    return kit


def _outside(topic: str, kits: tuple[Kit, ...]) -> str:
    answerable = "\n".join(f"  - {line}" for kit in kits for line in kit.answers)
    return (
        f"no study kit can answer the topic {topic!r}. The rule-based researcher can study:\n{answerable}\n"
        "Rephrase the topic with one of these, or configure a language model: set llm.provider in config.arc.yaml "
        "(the file says how)."
    )
