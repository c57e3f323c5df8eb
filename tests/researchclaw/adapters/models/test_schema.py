"""The form of an answer: as short as it can be, and still the form of the same answers."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import BaseModel, Field

from researchclaw.adapters.models.schema import form, strict
from stages.a_scoping.topic_init import TopicReading
from stages.c_synthesis.hypothesis_gen import Chairing, Contrasts, Rebuttals, Turns
from stages.contracts import Contract, Decision, KnowledgeCards, Outline, ProblemTree, Review, SearchPlan, Synthesis
from stages.d_design.experiment_design import Design
from stages.g_writing.paper_revision import RevisionAnswers

CONTRACTS: tuple[type[Contract], ...] = (
    *(TopicReading, ProblemTree, SearchPlan, KnowledgeCards, Synthesis, Contrasts, Turns, Rebuttals, Chairing),
    *(Design, Decision, Outline, Review, RevisionAnswers),
)


def _size(schema: object) -> int:
    return len(json.dumps(schema, separators=(",", ":")))


def _examples(schema: Any, whole: Any) -> Iterator[Any]:
    """An answer with every field, and one with none that may be missing."""
    for full in (True, False):
        yield _example(schema, whole, full)


def _example(schema: Any, whole: Any, full: bool) -> Any:
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return _example(whole["$defs"][name], whole, full)
    if "anyOf" in schema:
        return _example(schema["anyOf"][0 if full else -1], whole, full)
    if "enum" in schema:
        return schema["enum"][0 if full else -1]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "object" in kinds:
        fields = schema.get("properties", {})
        wanted = fields if full else schema.get("required", [])
        return {name: _example(fields[name], whole, full) for name in wanted}
    if not full and "null" in kinds:
        return None
    if "array" in kinds:
        return [_example(schema["items"], whole, full) for _ in range(max(int(schema.get("minItems", 0)), 1 if full else 0))]
    return {"string": "a", "boolean": True, "integer": 1, "number": 1.5}[str(kinds[0])]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_what_fits_the_form_fits_the_contract(contract: type[Contract]) -> None:
    short = form(contract).json_schema
    jsonschema.Draft202012Validator.check_schema(short)
    for example in _examples(short, short):
        jsonschema.validate(example, short)
        contract.model_validate_json(json.dumps(example))
    assert _size(short) < 0.85 * _size(contract.model_json_schema())


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_what_does_not_fit_the_contract_does_not_fit_the_form(contract: type[Contract]) -> None:
    short = form(contract).json_schema
    (full, _) = _examples(short, short)
    validator = jsonschema.Draft202012Validator(short)
    assert not validator.is_valid({**full, "made_up": 1})
    for name in contract.model_json_schema()["required"]:
        assert not validator.is_valid({key: value for key, value in full.items() if key != name}), name


def test_names_are_still_slugs_where_their_form_is_shared() -> None:
    short = form(Chairing).json_schema
    (full, _) = _examples(short, short)
    full["hypotheses"][0]["treatment"] = "../etc"
    assert not jsonschema.Draft202012Validator(short).is_valid(full)


def test_what_the_record_adds_is_not_asked_of_a_mind() -> None:
    text = json.dumps(form(KnowledgeCards).json_schema) + json.dumps(form(Turns).json_schema)
    for name in ("text_source", "refused", '"to"', '"quote"'):
        assert name not in text
    assert "quotes" in text


def test_what_a_field_says_of_itself_stays() -> None:
    assert "Factor -> level" in json.dumps(form(Contrasts).json_schema)


def test_a_field_that_may_be_null_may_be_null_in_a_strict_form() -> None:
    closed = strict(form(Review).json_schema)
    assert closed is not None
    assert "quality" in closed["required"]
    (_, bare) = _examples(closed, closed)
    assert Review.model_validate(bare).quality is None


class Branch(BaseModel):
    name: str
    branches: tuple["Branch", ...] = Field(default=())


class Tree(Contract):
    root: Branch


def test_a_form_that_holds_itself_keeps_its_definitions() -> None:
    short = form(Tree).json_schema
    jsonschema.validate({"root": {"name": "a", "branches": [{"name": "b", "branches": []}]}}, short)
    assert not jsonschema.Draft202012Validator(short).is_valid({"root": {"branches": []}})
