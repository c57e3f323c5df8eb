"""Questions as text: the template of each, rendered strictly, and the form of its answer."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from researchclaw.adapters.models.exchange import Form, Strategy
from researchclaw.shipped import shipped
from stages.ports import Question

if TYPE_CHECKING:
    from jinja2 import Environment

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
"""Control, bidirectional, zero-width and tag characters: a person does not see them, a model does."""


class Prompts:
    """The templates below templates/prompts/.

    marker: stands at both ends of each block of material; nobody outside of the run may know it.
    """

    def __init__(self, marker: str, root: Path | None = None) -> None:
        self._marker = marker
        self._root = root or shipped("templates") / "prompts"

    def text(self, question: Question) -> str:
        """The question as a model reads it.

        Raises:
            jinja2.TemplateError: a template asks for what the question does not bring.
        """
        fields = {name: getattr(question, name) for name in type(question).model_fields}
        text = self._environment.get_template(question.template).render(fields | {"marker": self._marker})
        return _CONTROL.sub("", unicodedata.normalize("NFC", text)).strip()

    @cached_property
    def revision(self) -> str:
        """First eight hexadecimal digits of the hash over all templates."""
        digest = hashlib.sha256()
        for file in sorted(self._root.rglob("*.j2")):
            digest.update(file.relative_to(self._root).as_posix().encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()[:8]

    @cached_property
    def _environment(self) -> Environment:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        return Environment(
            loader=FileSystemLoader(self._root),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # noqa: S701 (prompts are no HTML; material stands between markers)
        )


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
