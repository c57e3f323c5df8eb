"""What can be wrong with an endpoint or with what it sends, told apart by what helps."""

from __future__ import annotations

import json
import re
from typing import Literal

from pydantic import JsonValue

from researchclaw.secret_values import masked

Kind = Literal[
    "throttled",  # too many requests: wait
    "busy",  # overloaded or broken inside: try again
    "unreachable",  # no connection: try again
    "broken",  # reset, cut off, or not what the protocol says: try again
    "silent",  # no byte within the idle limit: try again
    "length",  # ran into the limit of tokens: ask with a higher one
    "empty",  # nothing but reasoning, or nothing at all: once more with more tokens
    "refused",  # the model will not answer: another model
    "parameter",  # a parameter is not known here: leave it out, once
    "context",  # the question is longer than the model reads: a model with a larger window
    "quota",  # the account has no money left: another model, never again this one
    "no model",  # not known here: another model
    "forbidden",  # no or a wrong key: the user
    "no agent",  # the agent does not start, or does not speak the protocol: the user
    "signed out",  # the agent is not signed in: the user
    "rejected",  # any other complaint about the request: another model
]

AGAIN: frozenset[Kind] = frozenset({"throttled", "busy", "unreachable", "broken", "silent"})
"""What the same request may get over."""

DEAD: frozenset[Kind] = frozenset({"quota", "no model", "forbidden", "no agent", "signed out"})
"""After these the model is not asked again in this run."""


class Fault(Exception):
    """One request did not give an answer."""

    def __init__(self, kind: Kind, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(masked(message))  # it may quote what it was sent
        self.kind: Kind = kind
        self.retry_after_s = retry_after_s


_QUOTA = re.compile(
    r"insufficient_quota|exceeded your current quota|credit balance|billing|out of credits|insufficient.{0,9}(funds|credits|balance)"
)
_CONTEXT = re.compile(
    r"context.{0,3}(length|window|size)|maximum context|too many tokens|(prompt|input) is too long|exceeds? the .{0,20}context"
)
_NO_MODEL = re.compile(
    r"model.{0,80}(not found|does not exist|not exist|not supported|unknown)|(unknown|invalid|no such) model|model_not_found"
)
_PARAMETER = re.compile(
    r"response_format|json_schema|output_config|output_format|max_completion_tokens|max_tokens|temperature|stream_options|cache_control"
)
_REFUSED = re.compile(r"content_filter|content management policy|safety system|content_policy")


_STATUS_OF_WORD = {
    **{"rate_limit": 429, "insufficient_quota": 402, "billing": 402, "authentication": 401, "permission": 403, "invalid_api_key": 401},
    **{"not_found": 404, "overloaded": 529, "invalid_request": 400, "context_length": 400, "content_filter": 400},
}
"""What endpoints write in `code` or `type` of an error, as the status that they would have sent with it."""


def of_status(status: int, body: str, retry_after_s: float | None = None) -> Fault:
    """The fault behind a status that is not 200, or behind an error in a body that came with 200.

    body: as received; it is quoted in part, never obeyed.
    """
    said = _said(body)
    low = f"{said} {body[:4000]}".lower()
    kind: Kind
    if status == 402 or (status in (400, 403, 429) and _QUOTA.search(low)):
        kind = "quota"
    elif status == 429:
        kind = "throttled"
    elif status in (401, 403):
        kind = "forbidden"
    elif _CONTEXT.search(low) and status in (400, 413, 422, 500):
        kind = "context"
    elif status in (400, 422, 500) and _PARAMETER.search(low):
        kind = "parameter"
    elif status == 404 or (status == 400 and _NO_MODEL.search(low)):
        kind = "no model"
    elif status == 400 and _REFUSED.search(low):
        kind = "refused"
    elif status in (408, 409, 425) or status >= 500:
        kind = "busy"
    else:
        kind = "rejected"
    return Fault(kind, f"HTTP {status}: {said}", retry_after_s=retry_after_s)


def of_error(error: JsonValue) -> Fault:
    """The fault that an `error` object names, in a body or an event that came with status 200."""
    fields = error if isinstance(error, dict) else {"message": error}
    named = f"{fields.get('code')} {fields.get('type')}".lower()
    code = fields.get("code")
    status = (
        code
        if isinstance(code, int) and not isinstance(code, bool)
        else int(code)
        if isinstance(code, str) and code.isdecimal()
        else None
    )
    if status is None:
        status = next((number for word, number in _STATUS_OF_WORD.items() if word in named), 500)
    return of_status(status, json.dumps({"error": error}))


def _said(body: str) -> str:
    """What a body says, in at most 200 characters on one line."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if isinstance(found, list) and found:
        found = found[0]
    if isinstance(found, dict):
        error = found.get("error", found)
        text = error.get("message") or error.get("detail") or error if isinstance(error, dict) else error
        body = text if isinstance(text, str) else json.dumps(text)
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in body).split())
    return words[:200] or "an empty body"
