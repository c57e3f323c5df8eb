"""What an endpoint may do wrong, and how a question to it ends: right, or with the right error, and within its deadline."""

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from researchclaw.adapters.models.model import HttpModel
from researchclaw.journal import Journal, ModelRequestFailed
from researchclaw.spending import spending
from stages.a_scoping.topic_init import TopicQuestion, TopicReading
from stages.errors import BudgetSpent, MalformedAnswer, ModelRefused, ModelUnavailable, QuestionTooLong, SettingsError

Mind = Callable[..., HttpModel]

WRONG_SCHEMA = '{"kit": 7, "made_up": true}'

RIGHT: dict[str, tuple[str, int]] = {
    # name -> the script, and the requests that it takes to come right
    "429 with Retry-After in milliseconds": ("[s.status(429, 'slow down', retry_after_ms='60')]", 2),
    "429 without Retry-After": ("[s.status(429, 'slow down')]", 2),
    "429 with a date that has passed": ("[s.status(429, 'slow down', Retry_After='Wed, 21 Oct 2015 07:28:00 GMT')]", 2),
    "500": ("[s.status(500), s.status(500), s.status(500)]", 4),
    "502 with HTML": ("[s.status(502, '<html>bad gateway')]", 2),
    "529 overloaded": ("[s.status(529, 'overloaded')]", 2),
    "reset before the answer": ("[s.reset_early]", 2),
    "reset in mid-stream": ("[s.reset_in_the_middle]", 2),
    "a stream without a finish reason": ("[s.ends_without_a_reason]", 2),
    "truncated by the limit of tokens": ("[s.cut_short]", 2),
    "an event that is no JSON": ("[s.garbage]", 2),
    "bytes that are no HTTP": ("[s.binary]", 2),
    "an HTML page with status 200": ("[s.html]", 2),
    "an empty answer": ("[s.empty]", 2),
    "nothing but reasoning": ("[s.only_reasoning]", 2),
    "<think> closed": ("[s.around('<think>Is {this} JSON? No.</think>\\n', '')]", 1),
    "<think> never closed": ("[s.says('<think>Let me see, {')]", 2),
    "a stray </think>": ("[s.around('Let me see. </think>', '')]", 1),
    "fences": ("[s.around('```json\\n', '\\n```')]", 1),
    "chatter with braces around the answer": ("[s.around('Here {you} are:\\n\\n', '\\n\\nHope this helps {a bit}!')]", 1),
    "the wrong form, then the right one": ("[s.says(WRONG_SCHEMA)]", 2),
    "no JSON, then the right form": ("[s.says('I would say the first kit.'), s.says('{\"kit\":')]", 3),
    "silence in mid-stream": ("[s.stall]", 2),
    "an error with status 200": ("[s.error_with_200]", 2),
    "an error event in mid-stream": ("[s.error_in_the_stream]", 2),
    "usage is not told": ("[s.without_usage]", 1),
    "an answer that is not streamed": ("[s.not_streamed]", 1),
    "comments that keep alive": ("[s.comments_between]", 1),
    "temperature refused": ("[s.refuses('temperature')]", 2),
    "max_tokens too large": ("[s.status(400, 'max_tokens is too large: 16000. This model supports at most 4096 tokens')]", 2),
    "request timeout 408": ("[s.status(408)]", 2),
}

WRONG: dict[str, tuple[str, str, type[Exception], str, int]] = {
    # name -> the script, the act for ever after, the error, words in its message, requests at most
    "quota": ("[]", "s.status(429, 'You exceeded your current quota', 'insufficient_quota')", BudgetSpent, "top up", 1),
    "payment required": ("[]", "s.status(402, 'Insufficient credits')", BudgetSpent, "top up", 1),
    "500 for ever": ("[]", "s.status(500, 'boom')", ModelUnavailable, "boom", 4),
    "429 for ever": ("[]", "s.status(429, 'slow down')", ModelUnavailable, "slow down", 4),
    "a Retry-After of an hour": ("[]", "s.status(429, 'slow down', Retry_After='3600')", ModelUnavailable, "slow down", 1),
    "resets for ever": ("[]", "s.reset_in_the_middle", ModelUnavailable, "connection", 4),
    "truncated for ever": ("[]", "s.cut_short", QuestionTooLong, "llm.max_tokens", 3),
    "empty for ever": ("[]", "s.empty", ModelUnavailable, "empty", 2),
    "the wrong form for ever": ("[]", "s.says(WRONG_SCHEMA)", MalformedAnswer, "kit", 3),
    "refusal": ("[]", "s.refusal", ModelRefused, "refuses", 1),
    "content filter": ("[]", "s.says('', 'content_filter')", ModelRefused, "", 1),
    "content filter by status": ("[]", "s.status(400, 'content management policy', 'content_filter')", ModelRefused, "content", 1),
    "a stream without an end": ("[]", "s.slow", ModelUnavailable, "1.2 s", 1),
    "silence for ever": ("[]", "s.stall", ModelUnavailable, "no byte", 4),
    "401": ("[]", "s.status(401, 'Incorrect API key provided')", SettingsError, "llm.api_key_env", 1),
    "404 for the model": ("[]", "s.status(404, 'The model does not exist', 'model_not_found')", SettingsError, "llm.model", 1),
    "the context is too long": ("[]", "s.status(400, 'maximum context length is 4096 tokens')", QuestionTooLong, "window", 1),
    "another complaint": ("[]", "s.status(400, 'the moon is wrong')", SettingsError, "moon", 1),
    "HTML for ever": ("[]", "s.html", ModelUnavailable, "wireless", 4),
}


def _play(expression: str, scripted: ModuleType) -> Any:
    return eval(expression, {"s": scripted, "WRONG_SCHEMA": WRONG_SCHEMA})


@pytest.mark.parametrize("name", RIGHT)
def test_it_comes_right(
    name: str,
    provider: str,
    mind: Mind,
    server: Any,
    scripted: ModuleType,
    question: TopicQuestion,
    truth: TopicReading,
    journal: Journal,
) -> None:
    script, requests = RIGHT[name]
    server.script = _play(script, scripted)
    assert mind(provider, temperature=0.0).ask(question, TopicReading) == truth
    assert len(server.seen) == requests
    booked = spending(journal.path)
    assert booked.requests == requests
    assert booked.answers == requests - booked.failed


@pytest.mark.parametrize("name", WRONG)
def test_it_ends_with_the_right_error(
    name: str, provider: str, mind: Mind, server: Any, scripted: ModuleType, question: TopicQuestion, journal: Journal
) -> None:
    script, forever, error, words, requests = WRONG[name]
    server.script, server.forever = _play(script, scripted), _play(forever, scripted)
    began = time.monotonic()
    with pytest.raises(error, match=f"(?i){words}") as caught:
        mind(provider, deadline_sec=1.2 if name == "a stream without an end" else 6).ask(question, TopicReading)
    assert time.monotonic() - began < (2.2 if name == "a stream without an end" else 7)
    assert len(server.seen) <= requests
    assert "\n" not in str(caught.value)
    assert len(journal.events(ModelRequestFailed)) == len(server.seen) or error is MalformedAnswer


def test_nobody_listens(mind: Mind, question: TopicQuestion) -> None:
    with pytest.raises(ModelUnavailable, match="no connection"):
        mind(base_url="http://127.0.0.1:9/v1").ask(question, TopicReading)


def test_a_stand_in_answers_for_a_model_that_refuses(
    mind: Mind, server: Any, scripted: ModuleType, question: TopicQuestion, truth: TopicReading
) -> None:
    server.script = [scripted.refusal]
    model = mind(fallback=("other-model",))
    assert model.ask(question, TopicReading) == truth
    assert [body["model"] for body in server.seen] == ["good-model", "other-model"]


def test_an_empty_account_is_asked_once_in_a_run(mind: Mind, server: Any, scripted: ModuleType, question: TopicQuestion) -> None:
    server.forever = scripted.status(429, "exceeded your current quota", "insufficient_quota")
    model = mind(fallback=("other-model",))
    for _ in range(3):
        with pytest.raises(BudgetSpent):
            model.ask(question, TopicReading)
    assert len(server.seen) == 1


def test_the_way_to_enforce_a_form_is_found_out_once(
    mind: Mind, server: Any, scripted: ModuleType, question: TopicQuestion, truth: TopicReading
) -> None:
    server.forever = scripted.refuses("response_format", status=500)
    model = mind(remember=False)
    for _ in range(2):
        assert model.ask(question, TopicReading) == truth
    forms = [body.get("response_format", {}).get("type") for body in server.seen]
    assert forms == ["json_schema", "json_object", None, None]


def test_the_other_name_of_the_limit_is_found_out(mind: Mind, server: Any, scripted: ModuleType, question: TopicQuestion) -> None:
    server.forever = scripted.refuses(
        "max_tokens", message="Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    )
    mind().ask(question, TopicReading)
    assert [("max_tokens" in body, "max_completion_tokens" in body) for body in server.seen] == [(True, False), (False, True)]


def test_a_repair_shows_what_is_wrong(mind: Mind, server: Any, scripted: ModuleType, question: TopicQuestion) -> None:
    server.script = [scripted.says(WRONG_SCHEMA)]
    mind().ask(question, TopicReading)
    first, answer, complaint = server.seen[1]["messages"]
    assert first == server.seen[0]["messages"][0]
    assert answer == {"role": "assistant", "content": WRONG_SCHEMA}
    assert "made_up" in complaint["content"]
