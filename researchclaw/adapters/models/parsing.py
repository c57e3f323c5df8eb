"""From a model's text to a contract: what was said is read, what was not said is never supplied."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TypeVar

from pydantic import ValidationError

from researchclaw.adapters.models.faults import Fault
from stages.contracts import Contract

Answer = TypeVar("Answer", bound=Contract)

_THOUGHT = re.compile(r"\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL)
_STRAY_END = re.compile(r"</(?:think|thinking|reasoning)>")
_OPEN = re.compile(r"\s*<(?:think|thinking|reasoning)>")
_FENCE = re.compile(r"```[a-zA-Z0-9_-]*[ \t]*\n(.*?)\n?```", re.DOTALL)
_SHOWN_ERRORS = 8


class NotInForm(Exception):
    """The text holds no answer of the wanted form; the message is written for the model."""


def read(text: str, answer: type[Answer]) -> Answer:
    """The answer in the text: all of it, else what stands in a fence (the last first), else a balanced object in it.

    Raises:
        NotInForm: no part of the text has the form; the message holds the errors of the best part.
        Fault: the text is nothing but reasoning ('empty').
    """
    said = _without_thoughts(text)
    first: NotInForm | None = None
    for part in _parts(said):
        found = _json(part)
        if found is None:
            continue
        try:
            return answer.model_validate_json(json.dumps(found))
        except ValidationError as exc:
            first = first or NotInForm(_complaint(exc))
    raise first or NotInForm("There is no JSON object in the answer that can be read from its first brace to its last.")


def _without_thoughts(text: str) -> str:
    text = text.removeprefix("\ufeff")
    while thought := _THOUGHT.match(text):
        text = text[thought.end() :]
    if (
        not _OPEN.match(text)
        and (stray := list(_STRAY_END.finditer(text)))
        and "{" not in text[: stray[0].start()].split("<", 1)[0][:1]
    ):
        after = text[stray[-1].end() :]
        text = after if "{" in after else text
    if _OPEN.match(text):
        raise Fault("empty", "the reasoning was never closed")
    if not text.strip():
        raise Fault("empty", "nothing but reasoning")
    return text


def _parts(text: str) -> Iterator[str]:
    yield text.strip()
    yield from reversed(_FENCE.findall(text))
    yield from sorted(_balanced(text), key=len, reverse=True)


def _balanced(text: str) -> Iterator[str]:
    """Outermost {...} with their strings respected."""
    depth, start, inside, escaped = 0, 0, False, False
    for place, letter in enumerate(text):
        if depth and inside:
            if escaped:
                escaped = False
            elif letter == "\\":
                escaped = True
            elif letter == '"':
                inside = False
        elif depth and letter == '"':
            inside = True
        elif letter == "{":
            if not depth:
                start = place
            depth += 1
        elif letter == "}" and depth:
            depth -= 1
            if not depth:
                yield text[start : place + 1]


def _json(text: str) -> dict[str, object] | None:
    """A JSON object; raw line breaks within strings are let pass, nothing else is mended. NaN is no JSON."""
    for lenient in (False, True):
        try:
            found = json.loads(text, strict=not lenient, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict) else None
    return None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _complaint(exc: ValidationError) -> str:
    lines = [
        f"- {'.'.join(str(part) for part in error['loc']) or 'the whole answer'}: {error['msg']}"
        for error in exc.errors(include_url=False, include_input=False, include_context=False)
    ]
    more = len(lines) - _SHOWN_ERRORS
    return "\n".join([*lines[:_SHOWN_ERRORS], *([f"- and {more} more"] if more > 0 else [])])
