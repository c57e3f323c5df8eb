"""Phase A, scoping: the question and its parts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stages.contracts.base import Contract, Slug, says_nothing
from stages.contracts.brief import Hardware
from stages.contracts.generated_kits import Blueprint
from stages.contracts.kits import Metric


class TopicMatch(Contract):
    """A factor that the topic names, and the levels it names, in the order of the topic."""

    factor: Slug
    levels: tuple[Slug, ...] = ()
    words: tuple[str, ...] = Field(description="The words of the topic that matched.")


class Goal(Contract):
    """Stage 1: what the study wants to know."""

    topic: str
    question: str
    domain: str
    kit: Slug
    study: Literal["one_factor", "two_factors"]
    contest: bool = Field(description="Two factors are asked about as rivals ('width or depth?'), not as partners.")
    matches: tuple[TopicMatch, ...] = Field(min_length=1, max_length=2)
    set_aside: tuple[Slug, ...] = Field(default=(), description="Further factors that the topic names and the study leaves out.")
    metric: Metric
    success_criterion: str
    choices: tuple[str, ...] = Field(description="Choices made in reading the topic; full sentences, printed in the paper.")
    hardware: Hardware
    blueprint: Blueprint | None = Field(default=None, exclude_if=says_nothing, description="Of the kit that is to be written.")


class SubQuestion(Contract):
    id: Slug
    text: str
    priority: Literal[1, 2, 3] = Field(description="1 must be answered, 3 may be.")
    factors: tuple[Slug, ...] = ()


class ProblemTree(Contract):
    """Stage 2: the question taken apart."""

    sub_questions: tuple[SubQuestion, ...] = Field(min_length=3)
