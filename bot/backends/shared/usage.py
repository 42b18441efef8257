"""Counts what a model was used for."""

from dataclasses import replace

from bot.model import Usage


class UsageCounter:
    def __init__(self, model: str) -> None:
        self.usage = Usage(model)

    def add(self, *, calls: int = 0, texts: int = 0, input_tokens: int = 0, output_tokens: int = 0) -> Usage:
        """Add a use, and return it as a Usage of its own."""
        before = self.usage
        self.usage = replace(
            before,
            calls=before.calls + calls,
            texts=before.texts + texts,
            input_tokens=before.input_tokens + input_tokens,
            output_tokens=before.output_tokens + output_tokens,
        )
        return Usage(before.model, calls, texts, input_tokens, output_tokens)
