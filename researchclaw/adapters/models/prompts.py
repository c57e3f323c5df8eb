"""The form of an answer in words, and what is said about one that does not fit; the questions are `researchclaw.prompts`."""

from __future__ import annotations

import hashlib
import json

from researchclaw.adapters.models.exchange import Form, Strategy
from researchclaw.shipped import shipped


def revision() -> str:
    """First eight hexadecimal digits of the hash over all templates of questions."""
    root = shipped("templates") / "prompts"
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*.j2")):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:8]


def answer_form(form: Form, strategy: Strategy) -> str:
    """What is said about the form of the answer, after the question; a grammar needs one sentence, words need the schema."""
    if strategy == "json_schema":
        return "Answer with one JSON object of the form that was given, and nothing else."
    schema = json.dumps(form.json_schema, ensure_ascii=False, separators=(",", ":"))
    return f"Answer with one JSON object and nothing else: no fence, no word before or after it. Its JSON schema:\n{schema}"


def repair(complaint: str) -> str:
    """What a model is told about an answer that cannot be taken."""
    return (
        f"This answer cannot be taken:\n{complaint}\n\n"
        "Give the whole answer again as one JSON object with these faults mended, and change nothing else."
    )
