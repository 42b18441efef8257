"""Reranks by a server with `POST /v1/rerank`: vLLM, text-embeddings-inference, llama.cpp, Infinity, Jina."""

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from bot.backends.shared.errors import Service, by_status
from bot.backends.shared.service_calls import deadline, twice
from bot.backends.shared.usage import UsageCounter
from bot.backends.shared.writing.messages import encodable
from bot.model import Usage
from bot.ports import Rejected, Unavailable
from bot.runtime.usage_meter import spend

PART: Final = "the reranker"
_CONNECT_SECONDS: Final = 5.0
_TEI: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)


@dataclass(frozen=True, slots=True)
class RerankOptions:
    """Options. `raw`: scores are logits; None: it shows by the first score outside 0..1. `batch` is a call's most texts."""

    url: str
    model: str = ""
    api_key: str = field(repr=False, default="")
    raw: bool | None = None
    batch: int = 100
    seconds: float = 3.0


class UrlReranker:
    """Asks in the usual form, or in text-embeddings-inference's own (`texts`) where the usual one isn't known."""

    def __init__(self, options: RerankOptions) -> None:
        self._options = options
        place = urlsplit(options.url)
        self._service = Service(
            place.netloc.rpartition("@")[2],
            key="Check the reranker's api_key.",
            url="Check the reranker's url.",
            model="Check the reranker's model.",
        )
        key = {"Authorization": f"Bearer {options.api_key}"} if options.api_key else {}
        timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS)
        self._http = httpx.AsyncClient(headers=key, timeout=timeout)
        self._tally = UsageCounter(options.model or "rerank")
        self._raw = options.raw
        self._own_form = False

    async def rerank(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return the relevances. A blank text is not sent and has 0, as has one that the answer leaves out."""
        sent = [number for number, text in enumerate(texts) if text.strip()]
        scores = [0.0] * len(texts)
        if not sent or not question.strip():
            return scores
        size = self._options.batch
        parts = [sent[start : start + size] for start in range(0, len(sent), size)]
        found = await asyncio.gather(*(self._part(question, [texts[n] for n in part]) for part in parts))
        for part, ranking in zip(parts, found, strict=True):
            for index, score in ranking.items():
                scores[part[index]] = score
        return self._relevances(scores, sent)

    def usage(self) -> Usage:
        return self._tally.usage

    async def close(self) -> None:
        await self._http.aclose()

    def _relevances(self, scores: list[float], sent: Sequence[int]) -> list[float]:
        """Scale scores to 0..1. The first score outside of that shows that the model gives logits, from then on."""
        if self._raw is None and any(not 0 <= scores[number] <= 1 for number in sent):
            self._raw = True
        if self._raw:
            for number in sent:
                scores[number] = _sigmoid(scores[number])
        return [min(1.0, max(0.0, score)) for score in scores]

    async def _part(self, question: str, texts: Sequence[str]) -> Mapping[int, float]:
        """Return the score by index, of one call, tried once more after a failure that may have passed."""
        async with deadline(self._service.name, PART, self._options.seconds):
            return await twice(lambda: self._asked(question, texts))

    async def _asked(self, question: str, texts: Sequence[str]) -> Mapping[int, float]:
        response = await self._sent(question, texts)
        if not self._own_form and response.status_code in _TEI:
            self._own_form = True
            second = await self._sent(question, texts)
            if second.is_success:
                response = second
            else:
                self._own_form = False
        if not response.is_success:
            raise by_status(self._service, PART, response.status_code, response.headers)
        ranking, tokens = _ranking(response, len(texts))
        if ranking is None:
            if "html" in response.headers.get("content-type", ""):
                reason = f"what answers at {self._service.name} is no reranker."
                raise Rejected(PART, reason, remedy=self._service.url)
            raise Unavailable(PART, f"{self._service.name}'s answer doesn't fit the passages.")
        spend(self._tally.add(calls=1, texts=len(texts), input_tokens=tokens))
        return ranking

    async def _sent(self, question: str, texts: Sequence[str]) -> httpx.Response:
        passages = [encodable(text) for text in texts]
        body: dict[str, Any] = {"query": encodable(question)}
        if self._own_form:
            body |= {"texts": passages, "truncate": True}
        else:
            body |= {"documents": passages, "return_documents": False}
            if self._options.model:
                body["model"] = self._options.model
        try:
            return await self._http.post(self._address(), json=body)
        except (httpx.LocalProtocolError, UnicodeEncodeError):
            raise by_status(self._service, PART, HTTPStatus.UNAUTHORIZED, {}) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            reason = "its address is not a valid URL."
            raise Rejected(PART, reason, remedy=self._service.url) from None
        except (httpx.ConnectError, httpx.ConnectTimeout):
            reason = f"{self._service.name} can't be reached."
            raise Unavailable(PART, reason, remedy=self._service.url) from None
        except httpx.HTTPError:
            raise Unavailable(PART, f"the connection to {self._service.name} broke off.") from None

    def _address(self) -> str:
        url = self._options.url.rstrip("/")
        if url.endswith("rerank"):
            return url
        root = url.removesuffix("/v1")
        return f"{root}/rerank" if self._own_form else f"{root}/v1/rerank"


def _ranking(response: httpx.Response, count: int) -> tuple[Mapping[int, float] | None, int]:
    """Return the scores by index and the input tokens; None for the scores if they can't be read, or don't fit."""
    try:
        found: Any = json.loads(response.content)
        listed = found if isinstance(found, list) else found.get("results") or found.get("data")
        pairs = {int(each["index"]): _score(each) for each in listed}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None, 0
    fits = pairs and all(0 <= index < count and math.isfinite(score) for index, score in pairs.items())
    used = found.get("usage") or {} if isinstance(found, dict) else {}
    tokens = used.get("total_tokens") if isinstance(used, dict) else 0
    return (pairs if fits else None), tokens if isinstance(tokens, int) else 0


def _score(each: Mapping[str, Any]) -> float:
    value = each.get("relevance_score")
    return float(each["score"] if value is None else value)


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))
