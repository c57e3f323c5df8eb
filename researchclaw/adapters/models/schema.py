"""A contract as a JSON schema that endpoints take."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from string import ascii_uppercase
from typing import Any

from pydantic import JsonValue

from researchclaw.adapters.models.exchange import Form
from stages.contracts import Contract

_KEPT_FROM_GRAMMARS = (
    *("default", "title", "pattern", "minLength", "maxLength", "exclusiveMinimum", "exclusiveMaximum"),
    *("minimum", "maximum", "minItems", "maxItems", "multipleOf", "format", "uniqueItems"),
)
"""Not in the subset that OpenAI takes as strict (its guide on structured outputs, 2026); pydantic checks them anyway."""

_BY_NAME = ("properties", "patternProperties", "$defs")
"""Keywords below which the keys are names and each value is a schema."""
_NO_SCHEMAS = ("enum", "const", "required", "examples")
_DEFS = "#/$defs/"
_REF = '{"$ref":"#/$defs/A"}'


def form(contract: type[Contract]) -> Form:
    """The contract's form, as short as it says the same: it is paid for with every question.

    Left out are titles, which repeat the names of the fields; defaults, since a field that may be missing is not required; and
    what a contract says of itself, which is written for readers of the code: the prompt says it to a mind. What a field says
    of itself stays.
    """
    json_schema = contract.model_json_schema()
    _drop(json_schema, ("title", "default"))
    for node in _nodes(json_schema):
        if "properties" in node:  # a contract of its own, no field
            node.pop("description", None)
        _join_null(node)
    return Form(name=contract.__name__, json_schema=_folded(json_schema))


def strict(json_schema: dict[str, JsonValue]) -> dict[str, JsonValue] | None:
    """The schema with every key required and none added, as OpenAI wants it; None: a free-form object has no such form."""
    closed: Any = copy.deepcopy(json_schema)
    _drop(closed, _KEPT_FROM_GRAMMARS)
    return closed if _close(closed) else None


def _drop(node: Any, names: tuple[str, ...], *, fields: bool = False) -> None:
    """Take keywords out of a schema; below 'properties' the keys are names of fields and stay."""
    if isinstance(node, dict):
        if not fields:
            for name in names:
                node.pop(name, None)
        for key, value in node.items():
            if key not in _NO_SCHEMAS or fields:
                _drop(value, names, fields=not fields and key in _BY_NAME)
    elif isinstance(node, list):
        for item in node:
            _drop(item, names)


def _close(node: Any) -> bool:
    """Close every object below; False when one takes any key."""
    if isinstance(node, list):
        return all(_close(item) for item in node)
    if not isinstance(node, dict):
        return True
    if node.get("type") == "object":
        if "properties" not in node or isinstance(node.get("additionalProperties"), dict):
            return False
        node["additionalProperties"] = False
        node["required"] = list(node["properties"])
    if "prefixItems" in node:
        return False
    return all(_close(value) for value in node.values())


def _nodes(node: Any, *, fields: bool = False) -> Iterator[dict[str, Any]]:
    """Every schema in a schema, the innermost last."""
    if isinstance(node, dict):
        if not fields:
            yield node
        for key, value in node.items():
            if key not in _NO_SCHEMAS or fields:
                yield from _nodes(value, fields=not fields and key in _BY_NAME)
    elif isinstance(node, list):
        for item in node:
            yield from _nodes(item)


def _join_null(node: dict[str, Any]) -> None:
    """{"anyOf": [X, {"type": "null"}]} in place as X that may be null, where X is no object of its own."""
    match node.get("anyOf"):
        case [{"type": str(kind)} as one, {"type": "null"}] if kind != "object" and "const" not in one:
            del node["anyOf"]
            node |= {**one, "type": [kind, "null"]} | ({"enum": [*one["enum"], None]} if "enum" in one else {})


def _folded(json_schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with what stands in it once at its place, and what is shorter when it is shared under a name of one letter."""
    defs: dict[str, Any] = json_schema.pop("$defs", {})
    if any(name in _reached(defs, name) for name in defs):
        return {"$defs": defs, **json_schema}  # a schema that holds itself cannot stand at its place

    def unfolded(node: Any) -> Any:
        if isinstance(node, list):
            return [unfolded(item) for item in node]
        if not isinstance(node, dict):
            return node
        beside = {key: unfolded(value) for key, value in node.items() if key != "$ref"}
        return {**unfolded(defs[node["$ref"].removeprefix(_DEFS)]), **beside} if "$ref" in node else beside

    whole = unfolded(json_schema)
    shared: dict[str, Any] = {}
    for letter in ascii_uppercase:
        counts = Counter(_text(node) for node in _nodes({**shared, "": whole}, fields=True))
        gains = {text: (many - 1) * len(text) - many * len(_REF) - 5 for text, many in counts.items()}
        best = max(gains, key=lambda text: gains[text], default="")
        if not best or gains[best] <= 0:
            break
        reference = {"$ref": f"{_DEFS}{letter}"}
        whole, shared = _with(whole, best, reference), _with(shared, best, reference, fields=True) | {letter: json.loads(best)}
    return {"$defs": shared, **whole} if shared else whole


def _reached(defs: Mapping[str, Any], name: str) -> set[str]:
    """The definitions that stand below one."""
    found: set[str] = set()
    todo = [name]
    while todo:
        for node in _nodes(defs[todo.pop()]):
            below = str(node.get("$ref", "")).removeprefix(_DEFS)
            if below and below not in found:
                found.add(below)
                todo.append(below)
    return found


def _with(node: Any, text: str, reference: dict[str, Any], *, fields: bool = False) -> Any:
    """The schema with the reference wherever this one stands."""
    if isinstance(node, list):
        return [_with(item, text, reference) for item in node]
    if not isinstance(node, dict):
        return node
    if not fields and _text(node) == text:
        return reference
    return {
        key: value if key in _NO_SCHEMAS and not fields else _with(value, text, reference, fields=not fields and key in _BY_NAME)
        for key, value in node.items()
    }


def _text(node: Any) -> str:
    return json.dumps(node, ensure_ascii=False, separators=(",", ":"))
