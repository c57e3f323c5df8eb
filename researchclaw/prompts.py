"""Questions as text: templates rendered strictly, with everything that comes from outside made visible and kept in its place."""

from __future__ import annotations

import re
import secrets

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from researchclaw.shipped import shipped
from stages.foreign_text import LONGEST, flat, seen
from stages.ports import Question


class Marker(str):
    """The word in the delimiters around foreign text; drawn anew for each `Prompts`, so that no text can know it."""

    __slots__ = ()


class Prompts:
    """Renders questions. One marker for the life of the object: equal beginnings of prompts stay equal for a provider's cache.

    A mind that was talked into repeating the marker gains nothing: in whatever is filled in, the marker is taken out.
    """

    def __init__(self, marker: str | None = None) -> None:
        self.marker = Marker(marker or secrets.token_hex(6))
        self._templates = Environment(
            loader=FileSystemLoader(shipped("templates") / "prompts"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # noqa: S701 - the reader is a model, not a browser; `finalize` is the guard
            finalize=self._visible,
        )
        self._templates.filters["line"] = _line

    def text(self, question: Question) -> str:
        """The prompt.

        Raises:
            jinja2.UndefinedError: the template asks for what the question does not bring; before a token is paid for.
        """
        fields = {name: getattr(question, name) for name in type(question).model_fields}
        rendered = self._templates.get_template(question.template).render({**fields, "marker": self.marker})
        return re.sub(r"\n{3,}", "\n\n", rendered).strip() + "\n"

    def _visible(self, value: object) -> object:
        if isinstance(value, Marker) or not isinstance(value, str):
            return value
        return seen(value).replace(self.marker, "")


def _line(value: str, longest: int = LONGEST) -> str:
    """A foreign text as one line, cut at a word, so that it cannot begin an entry of its own in a list."""
    line = flat(value)
    return line if len(line) <= longest else f"{line[:longest].rsplit(' ', 1)[0]} …"
