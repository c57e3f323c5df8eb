"""A contract as a JSON schema that endpoints take."""

from __future__ import annotations

import copy
from typing import Any

from pydantic import JsonValue

from researchclaw.adapters.models.exchange import Form
from stages.contracts import Contract

_KEPT_FROM_GRAMMARS = (
    *("default", "title", "pattern", "minLength", "maxLength", "exclusiveMinimum", "exclusiveMaximum"),
    *("minimum", "maximum", "minItems", "maxItems", "multipleOf", "format", "uniqueItems"),
)
"""Not in the subset that OpenAI takes as strict (its guide on structured outputs, 2026); pydantic checks them anyway."""


def form(contract: type[Contract]) -> Form:
    """The contract's form. Titles are left out: they repeat the names of the fields."""
    json_schema = contract.model_json_schema()
    _drop(json_schema, ("title",))
    return Form(name=contract.__name__, json_schema=json_schema)


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
            if key not in ("enum", "const", "required", "examples") or fields:
                _drop(value, names, fields=not fields and key in ("properties", "$defs"))
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
