"""What a person is asked after a stage: the gate's own question, or the stage's output as readable Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from stages.contracts import Contract, GateQuestion
from stages.stage import Stage

LONGEST_TEXT = 400
MOST_ENTRIES = 12
DEEPEST = 4
"""What a person reads before deciding; the whole output stands in a file (numbers are guesses)."""


def question_of(stage: Stage, output: Contract) -> GateQuestion:
    """The question after a stage."""
    if stage.question is not None:
        return stage.question(output)
    return GateQuestion(
        stage=stage.number,
        title=f"Go on after stage {stage.number}, {stage.name.replace('_', ' ')}?",
        body=f"{stage.summary}\n\n{readable(output)}\n\nThe whole output: `stages/{stage.folder}/output.json`",
    )


def readable(output: Contract) -> str:
    """The output as a nested list; what models, works and people wrote is shown as text, never as Markdown."""
    return "\n".join(_lines(output.model_dump(mode="json"), 0))


def _lines(value: JsonValue, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, Mapping):
        for name, inner in value.items():
            label = f"{indent}- **{_plain(name.replace('_', ' '))}**"
            if isinstance(inner, Mapping | list) and inner:
                yield f"{label}:"
                yield from _inner(inner, depth)
            else:
                yield f"{label}: {_short(inner)}"
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, inner in enumerate(value[:MOST_ENTRIES], 1):
            if isinstance(inner, Mapping | list) and inner:
                yield f"{indent}- {number}."
                yield from _inner(inner, depth)
            else:
                yield f"{indent}- {_short(inner)}"
        if len(value) > MOST_ENTRIES:
            yield f"{indent}- … and {len(value) - MOST_ENTRIES} more"
    else:
        yield f"{indent}- {_short(value)}"


def _inner(value: JsonValue, depth: int) -> Iterator[str]:
    if depth + 1 < DEEPEST:
        yield from _lines(value, depth + 1)
    else:
        yield f"{'  ' * (depth + 1)}- …"


def _short(value: JsonValue) -> str:
    if value is None or value in ("", [], {}):
        return "nothing"
    text = " ".join(str(value).split())
    return _plain(text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…")


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|!~])", r"\\\1", text)
