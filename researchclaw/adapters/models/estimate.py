"""What a study is likely to take of a language model, told before it is started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from researchclaw.adapters.models.choice import Place
from researchclaw.adapters.models.exchange import Usage
from researchclaw.adapters.models.prices import price_of

CALLS: Final = 40
PROMPT_TOKENS: Final = 85_000
COMPLETION_TOKENS: Final = 20_000
"""Of one study with four conditions over the shipped kit, when each first answer is taken (benchmarks/model_calls.py, 2026-11-21)."""


def estimate(place: Place, prices: Sequence[str], budget_usd: float | None, budget_tokens: int | None) -> str:
    """One line for a person. Reasoning, repairs and ways back come on top, and the line says so.

    Raises:
        SettingsError: a line of the prices has another form.
    """
    price = price_of(place.host, place.model, prices)
    usage = Usage(prompt=PROMPT_TOKENS, completion=COMPLETION_TOKENS)
    cost = "at a price that is not known" if price is None else f"about {price.of(usage):.2f} USD ({price.source})"
    limits = [f"{budget_usd:g} USD"] if budget_usd is not None else []
    limits += [f"{budget_tokens} tokens"] if budget_tokens is not None else []
    ends = f"it stops at {' or '.join(limits)}" if limits else "no limit is set (llm.budget_usd, llm.budget_tokens)"
    return (
        f"Model {place.model} at {place.host}: a study takes about {CALLS} questions, {PROMPT_TOKENS // 1000} k tokens in and "
        f"{COMPLETION_TOKENS // 1000} k out, {cost}; reasoning, repairs and ways back come on top; {ends}."
    )


def estimate_of_agent(agent: str, budget_tokens: int | None) -> str:
    """The same for a coding agent, which adds instructions of its own and pays with its own account."""
    ends = f"it stops at {budget_tokens} tokens" if budget_tokens is not None else "no limit is set (llm.budget_tokens)"
    return (
        f"Agent {agent}: a study takes about {CALLS} questions, {PROMPT_TOKENS // 1000} k tokens in and "
        f"{COMPLETION_TOKENS // 1000} k out, and what the agent adds, all from its own account or subscription; where it does not "
        f"count tokens, they are estimated; reasoning, repairs and ways back come on top; {ends}."
    )
