"""What a source says: found, a definite no, or no answer; never one in the place of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from stages.contracts import Work

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Found(Generic[T_co]):
    """The source holds it."""

    value: T_co
    incomplete: int = 0
    """Records of the same answer that lack a title, an author or a year, and so are no works that one could cite."""


@dataclass(frozen=True)
class Absent:
    """The source was asked and knows nothing of the kind."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """The source gave no answer: it says nothing about the work."""

    reason: str
    retry_after_s: float | None = None


Answer = Found[T_co] | Absent | Failed


@dataclass(frozen=True)
class Reply:
    """What came over the wire, whole."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    url: str
    """Without key or e-mail address."""
    retrieved_at: float
    """Seconds since 1970."""


@dataclass(frozen=True)
class Identifier:
    """A DOI without prefix in lower case, an arXiv id without version, an OpenAlex id 'W…', a Semantic Scholar id."""

    kind: Literal["doi", "arxiv", "openalex", "s2"]
    value: str


class Source(Protocol):
    """One literature source. Deadlines are in seconds of `time.monotonic`."""

    name: str
    label: str
    """As it is printed, e.g. 'Semantic Scholar'."""

    def search(self, text: str, limit: int, deadline: float) -> Answer[tuple[Work, ...]]:
        """Works for some words, best first."""
        ...


@dataclass(frozen=True)
class Link:
    """A work one step from a seed: it is cited by the seed, or cites it."""

    seed: str
    """The seed's key."""
    work: Work


class Graph(Protocol):
    """A source that knows who cites whom."""

    name: str
    label: str

    def knows(self, work: Work) -> bool:
        """Whether the work has an identifier that the source can be asked about."""
        ...

    def neighbours(self, works: Sequence[Work], limit: int, deadline: float) -> Answer[tuple[Link, ...]]:
        """What the works cite and what cites them; only for works that it knows.

        limit: records for each direction, of one work or of all, as the source counts them.
        """
        ...


class Index(Protocol):
    """A source that finds works by their title."""

    name: str
    label: str

    def by_title(self, title: str, deadline: float) -> Answer[tuple[Work, ...]]:
        """Works whose title may be this one."""
        ...


class Registry(Protocol):
    """A source that knows works by identifier."""

    name: str
    label: str
    """As it is printed, e.g. 'CrossRef'."""
    batched: bool
    """Whether many identifiers cost one request."""

    def look_up(self, identifiers: tuple[Identifier, ...], deadline: float) -> dict[Identifier, Answer[Work]]:
        """An answer for each identifier of a kind that the source knows; the others are left out."""
        ...


class Shape(BaseModel):
    """Part of a source's record; what we do not use may come and go."""

    model_config = ConfigDict(frozen=True, extra="ignore")


Shaped = TypeVar("Shaped", bound=BaseModel)
Value = TypeVar("Value")


def shaped(reply: Reply, shape: type[Shaped]) -> Shaped | Failed:
    """The body as `shape`; HTML, cut JSON, an error message or another shape under status 200 is no answer."""
    try:
        value = from_json(reply.body)
    except ValueError:
        return Failed(f"sent {_kind_of(reply)} instead of whole JSON")
    if isinstance(value, dict) and (said := value.get("error")):
        return Failed(f"sent an error under status {reply.status}: {str(said)[:120]}")
    try:
        return shape.model_validate(value)
    except ValidationError as exc:
        where = ".".join(str(part) for part in exc.errors()[0]["loc"]) or "the whole"
        return Failed(f"sent JSON of an unexpected shape at {where}")


def judged(reply: Reply, on_200: Callable[[Reply], Answer[Value]], *, absent_404: Callable[[Reply], bool]) -> Answer[Value]:
    """The answer by status: 200 is read, 404 is a no only where the source itself says so, the rest is no answer."""
    if reply.status == 200:
        return on_200(reply)
    if reply.status in {404, 410} and absent_404(reply):
        return Absent("no such record")
    if reply.status in {404, 410}:
        return Failed(f"status {reply.status} with {_kind_of(reply)} that is not the source's own 'not found'; is the base URL right?")
    return Failed(failure(reply))


def failure(reply: Reply) -> str:
    """Why a reply that is neither 200 nor 404 is no answer, in words."""
    if 300 <= reply.status < 400:
        return f"moved to another place (status {reply.status})"
    named = {
        400: "did not understand the request (400)",
        401: "refuses the key (401)",
        403: "refuses access (403)",
        429: "too many requests (429)",
        503: "is overloaded or closed (503)",
    }
    words = named.get(reply.status, f"failed with status {reply.status}")
    said = _message(reply)
    return f"{words}: {said}" if said else words


def _message(reply: Reply) -> str | None:
    """What the source says about its refusal, on one short line."""
    try:
        value = from_json(reply.body)
    except ValueError:
        text = reply.body[:200].decode(errors="replace").strip()
        return None if text.startswith("<") or not text else " ".join(text.split())[:120]
    if not isinstance(value, dict):
        return None
    said = value.get("message") or value.get("error") or value.get("errors")
    return " ".join(str(said).split())[:120] if said else None


def _kind_of(reply: Reply) -> str:
    start = reply.body.lstrip()[:200].lower()
    if not start:
        return "an empty body"
    if start.startswith((b"<!doctype html", b"<html")):
        return "HTML"
    return "broken JSON" if start[:1] in b"{[" else "text"
