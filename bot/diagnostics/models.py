"""Checks the models: asks each one small question, and looks at the answer."""

import time
from dataclasses import dataclass, replace
from typing import Final

from bot.backends.shared.writing.chat_writer import ChatWriter
from bot.config.loader import Settings
from bot.diagnostics.findings import Check, error, ok, warning
from bot.model import Passage
from bot.opened_models import open_judge
from bot.ports import Brief, Cited, Embedder, Finished, Reranker, Style, Writer, Wrote

_SMALL: Final = 2500  # tokens: what the prompt and three passages take
_SHOWN: Final = 4  # models that are named
_PAGE: Final = Passage(
    chunk_id="one",
    doc_id="doctor:opening-hours.md",
    source="doctor",
    ordinal=0,
    title="Opening hours",
    heading="",
    url="",
    text="The office in Bristol opens at 8 in the morning and closes at 7 in the evening.",
)
_OTHER: Final = replace(
    _PAGE, chunk_id="two", doc_id="doctor:dogs.md", title="Dogs", text="Dogs may come on Fridays."
)
_QUESTION: Final = Brief("When does the office in Bristol open?", (_PAGE, _OTHER), Style())


@dataclass(slots=True)
class _Trial:
    """One answer: seconds to its first sign of life and to its end, its pieces, and whether it cites."""

    first: float = 0.0
    whole: float = 0.0
    pieces: int = 0
    text: str = ""
    cites: bool = False
    tokens: int = 0


async def check_embedder(embedder: Embedder | None) -> Check:
    """Embed one question. Without an embedder, or with the one that comes along, say what a better one brings."""
    if embedder is None:
        return warning(
            "embedder",
            "none: pages are found by their words alone. On a real handbook that finds the right page first for 53"
            " of 100 questions, `embedder: static` for 67, and a small model puts it among the first five for 93.",
            "Leave `embedder:` out (static needs no download), or set `embedder: local` or COHERE_API_KEY.",
        )
    vector = await embedder.embed_query("How many days off do I get?")
    if vector.shape != (embedder.dimensions,):
        return error("embedder", f"{embedder.model} makes vectors of {vector.shape[-1]} numbers.")
    return ok("embedder", f"{embedder.model}: answers, {embedder.dimensions} dimensions{_better(embedder)}")


def _better(embedder: Embedder) -> str:
    if not embedder.model.startswith("static:"):
        return ""
    return (
        "; `embedder: local` (67 MB, downloaded once, slower) puts the right page among the first five for 93 of 100"
        " questions instead of 81"
    )


async def check_reranker(reranker: Reranker | None) -> Check:
    """Rerank two texts, of which one answers."""
    if reranker is None:
        return ok("reranker", "none: passages stay in the search's order")
    scores = await reranker.rerank("How many days off?", ["You get 25 days off.", "Bring your dog."])
    finding = f"{reranker.usage().model}: answers"
    if len(scores) == 2 and scores[0] > scores[1]:  # noqa: PLR2004 - as many as were asked about
        return ok("reranker", finding)
    return warning("reranker", f"{finding}, but not sensibly: {scores}", "Check the model's name.")


async def check_judge(settings: Settings) -> Check:
    """Have one rule judged that is kept."""
    judge = await open_judge(settings)
    if judge is None:
        return ok("judge", "none")
    try:
        await judge.broken("When do you open?", "At 8.", ["The answer is short."])
    finally:
        await judge.close()
    return ok("judge", f"{judge.model}: answers")


async def check_writer(settings: Settings, writer: Writer) -> Check:
    """Have one answer written from two passages: how fast, whether streamed and cited, and in which window."""
    if settings.writer_choice.kind == "extractive" or not isinstance(writer, ChatWriter):
        return ok("writer", "extractive: answers are quoted from the pages, no model is needed")
    trial = await _tried(writer)
    window, models = await writer.chat.window(), await writer.chat.models()
    name = writer.chat.model
    found = f"{name}: answers in {trial.whole:.1f} s, its first words after {trial.first:.1f} s"
    if trial.tokens and trial.whole > trial.first:
        found += f", {trial.tokens / (trial.whole - trial.first):.0f} tokens a second"
    found += f"; window {window:,} tokens" if window else "; its window isn't told"
    if models is not None and not {name, f"{name}:latest"} & set(models):
        there = ", ".join(models[:_SHOWN])
        remedy = "If it is one of those under another name all is well; otherwise correct it in docent.yaml."
        return warning("writer", f"{found}. {writer.chat.service} lists no {name}, it has {there}.", remedy)
    if not trial.cites:
        remedy = "Answers will often be dropped for want of citations. Try a larger model."
        return warning("writer", f"{found}. It cites nothing, where one sentence answers.", remedy)
    if trial.pieces == 1:
        remedy = "It works, but people wait for the whole. Look for what gathers it: a proxy, perhaps."
        return warning("writer", f"{found}. It isn't streamed: the answer came in one piece.", remedy)
    if window is not None and window < _SMALL:
        remedy = "Give it more where it is served (Ollama: OLLAMA_CONTEXT_LENGTH), at best 8,000."
        return warning("writer", f"{found}, which holds few passages.", remedy)
    return ok("writer", f"{found}; streamed, cited")


async def _tried(writer: ChatWriter) -> _Trial:
    trial, started = _Trial(), time.monotonic()
    async for event in writer.write(_QUESTION):
        trial.first = trial.first or time.monotonic() - started
        if isinstance(event, Wrote):
            trial.pieces += 1
            trial.text += event.text
        trial.cites = trial.cites or isinstance(event, Cited)
        if isinstance(event, Finished):
            trial.tokens = event.usage.output_tokens
    trial.whole = time.monotonic() - started
    return trial
