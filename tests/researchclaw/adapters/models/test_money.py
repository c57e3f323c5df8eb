"""Prices, the purse, and what a run does at its limit."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest

from researchclaw.adapters.models.choice import Place
from researchclaw.adapters.models.estimate import estimate
from researchclaw.adapters.models.exchange import Usage
from researchclaw.adapters.models.model import HttpModel
from researchclaw.adapters.models.prices import TABLE, price_of
from researchclaw.adapters.models.purse import Purse, Sum
from researchclaw.journal import Journal, StageStarted
from researchclaw.spending import spending
from stages.a_scoping.topic_init import TopicQuestion, TopicReading
from stages.errors import BudgetSpent, SettingsError

Mind = Callable[..., HttpModel]


def test_every_price_of_the_table_is_dated_and_has_four_columns() -> None:
    table = json.loads(TABLE.read_text())
    assert table["as_of"]
    assert table["source"]
    for host, models in table["usd_per_million_tokens"].items():
        for model, row in models.items():
            assert len(row) == 4, (host, model)
            assert all(value > 0 for value in row)


def test_a_price_is_that_of_the_host_and_a_snapshot_costs_what_its_model_costs() -> None:
    plain, dated = price_of("api.openai.com", "gpt-4.1"), price_of("api.openai.com", "gpt-4.1-2025-04-14")
    assert plain is not None
    assert plain == dated
    assert price_of("127.0.0.1", "gpt-4.1") is None
    assert plain.of(Usage(prompt=1_000_000, cached=500_000, completion=100_000)) == pytest.approx(1.0 + 0.25 + 0.8)


def test_a_line_of_the_settings_goes_first() -> None:
    found = price_of("127.0.0.1", "own", ["own 1 0.1 10"])
    assert found is not None
    assert found.of(Usage(prompt=1000, completion=1000)) == pytest.approx(0.011)


@pytest.mark.parametrize("line", ["own 1 2", "own a b c", "own 1 1 -1", "own 1 1 nan", ""])
def test_a_line_of_another_form_is_refused(line: str) -> None:
    with pytest.raises(SettingsError, match=r"llm\.prices"):
        price_of("h", "m", [line])


def test_a_limit_in_usd_over_an_unknown_price_is_refused_before_anything_is_sent(mind: Mind, server: Any) -> None:
    with pytest.raises(SettingsError, match="not known"):
        mind(budget_usd=1.0)
    assert server.seen == []


def test_a_hundred_requests_at_once_never_pass_the_limit() -> None:
    async def spend() -> Purse:
        purse = Purse(1.0, None)

        async def one() -> None:
            async with purse.hold(Sum(0.3, 0)) as took:
                await asyncio.sleep(0.001)
                took.append(Sum(0.03, 0))

        await asyncio.gather(*(one() for _ in range(100)), return_exceptions=True)
        return purse

    purse = asyncio.run(spend())
    assert 0.7 < purse.spent.usd <= 1.0


def test_a_run_stops_at_its_limit_of_tokens_and_goes_on_with_a_higher_one(
    mind: Mind, server: Any, question: TopicQuestion, truth: TopicReading, journal: Journal
) -> None:
    low = mind(budget_tokens=8000, max_tokens=4000)
    assert low.ask(question, TopicReading) == truth  # takes 150 of them
    more = [question.model_copy(update={"topic": f"{question.topic} {n}"}) for n in range(60)]
    with pytest.raises(BudgetSpent, match=r"llm\.budget_tokens is 8000") as stopped, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: low.ask(one, TopicReading), more))
    assert stopped.value.exit_code == 4
    spent = spending(journal.path)
    assert spent.prompt + spent.completion <= 8000
    before = len(server.seen)
    with pytest.raises(BudgetSpent):  # another process with the same limit spends nothing
        mind(budget_tokens=spent.prompt + spent.completion + 1000, max_tokens=4000).ask(more[-1], TopicReading)
    assert len(server.seen) == before
    assert mind(budget_tokens=20000, max_tokens=4000).ask(more[-1], TopicReading) == truth


def test_every_request_is_booked_by_stage_and_kind(
    mind: Mind, server: Any, scripted: ModuleType, question: TopicQuestion, journal: Journal
) -> None:
    model = mind(prices=("good-model 2 1 10",))
    journal.event(StageStarted(stage=7, name="x", round=1))
    server.script = [scripted.status(500), scripted.cut_short]
    model.ask(question, TopicReading)
    found = spending(journal.path)
    (stage,) = found.by_stage
    assert (stage.name, stage.requests, stage.failed) == ("07", 3, 2)
    assert [one.name for one in found.by_question] == ["TopicQuestion"]
    assert (found.prompt, found.cached, found.completion) == (200, 80, 100)
    assert found.usd == pytest.approx(2 * (60 * 2 + 40 * 1 + 50 * 10) / 1e6)
    assert "USD" in found.words()


def test_what_breaks_off_is_booked_by_estimate(
    mind: Mind, server: Any, scripted: ModuleType, question: TopicQuestion, journal: Journal
) -> None:
    server.script = [scripted.reset_in_the_middle]
    mind().ask(question, TopicReading)
    assert spending(journal.path).prompt > 100 + 1000  # what was told, and the letters of the broken request over four


def test_the_estimate_names_price_and_limit() -> None:
    line = estimate(Place("openai", "gpt-4.1", "https://api.openai.com/v1", None), (), 5, None)
    assert "USD (table of" in line
    assert "it stops at 5 USD" in line
    assert "not known" in estimate(Place("openai", "x", "http://127.0.0.1/v1", None), (), None, None)
