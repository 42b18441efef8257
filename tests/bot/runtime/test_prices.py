"""What models cost, and what one question used."""

import asyncio

import pytest

from bot.config.models import Price
from bot.model import Usage
from bot.runtime.prices import cost, total
from bot.runtime.usage_meter import metered, spend


def test_tokens_and_searches_have_their_price():
    """A million tokens in and out, or a thousand searches."""
    assert cost(Usage("command-a-03-2025", input_tokens=1_000_000, output_tokens=100_000)) == pytest.approx(
        3.5
    )
    assert cost(Usage("rerank-v4.0-fast", calls=500, texts=25_000)) == pytest.approx(1.0)
    assert cost(Usage("embed-v4.0", calls=9, texts=800, input_tokens=500_000)) == pytest.approx(0.06)


def test_an_unknown_model_has_no_cost():
    """What isn't known isn't guessed; a total leaves it out."""
    unknown = Usage("our-own-model", input_tokens=10**9)

    assert cost(unknown) is None
    assert total([unknown, Usage("rerank-v4.0-fast", calls=1000)]) == pytest.approx(2.0)


def test_own_prices_go_first():
    """A price in docent.yaml replaces the list's."""
    own = {"embed-v4.0": Price(input=1.0), "our-own-model": Price(output=2.0)}

    assert cost(Usage("embed-v4.0", input_tokens=1_000_000), own) == pytest.approx(1.0)
    assert cost(Usage("our-own-model", output_tokens=1_000_000), own) == pytest.approx(2.0)
    assert cost(Usage("rerank-v3.5", calls=1000), own) == pytest.approx(2.0)


async def test_each_question_collects_what_it_spent():
    """Questions side by side don't mix, tasks started within count, and nothing is counted outside."""

    async def question(model: str) -> list[str]:
        spent: list[Usage] = []
        with metered(spent):
            spend(Usage(model))
            await asyncio.create_task(_spend_later(f"{model} later"))
        return [usage.model for usage in spent]

    spend(Usage("nobody"))

    assert await asyncio.gather(question("a"), question("b")) == [["a", "a later"], ["b", "b later"]]


async def _spend_later(model: str) -> None:
    await asyncio.sleep(0)
    spend(Usage(model))
