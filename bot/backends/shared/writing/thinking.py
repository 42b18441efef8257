"""Keeps a model's thinking out of its text, in whatever signs it is wrapped, as it streams. Pure."""

import re
from collections.abc import Mapping
from typing import Final

_PAIRS: Final[Mapping[str, str]] = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
    "<|channel|>analysis<|message|>": "<|end|>",
    "<|channel|>commentary<|message|>": "<|end|>",
    "<|begin_of_thought|>": "<|end_of_thought|>",
}
# Signs around the answer itself.
_SIGNS: Final = (
    "<|start|>assistant",
    "<|channel|>final<|message|>",
    "<|return|>",
    "<|im_end|>",
    "<|begin_of_solution|>",
    "<|end_of_solution|>",
    "<answer>",
    "</answer>",
)
_CLOSERS: Final = tuple(dict.fromkeys(_PAIRS.values()))
_ALL: Final = (*_PAIRS, *_CLOSERS, *_SIGNS)
_ANY: Final = re.compile("|".join(re.escape(sign) for sign in sorted(_ALL, key=len, reverse=True)))
_LONGEST: Final = max(map(len, _ALL))
_FIRST: Final = frozenset(sign[0] for sign in _ALL)
# Models whose prompt opens the thinking itself, so that only its end is to be seen.
_THINKS: Final = re.compile(
    r"think|reason|(?<![a-z])r1(?!\d)|qwq|qwen-?3|deepseek|magistral|gpt-?oss|glm-?[4-9]|exaone|nemotron|hunyuan|kimi|minimax",
    re.IGNORECASE,
)


def may_think(model: str) -> bool:
    """Tell by a model's name whether its first words may be thoughts that no sign has opened."""
    return _THINKS.search(model) is not None


class ThinkingFilter:
    """Filters a stream; `feed` returns what is text. `unopened`: text is held until no end of thinking can come first."""

    def __init__(self, *, unopened: bool = False) -> None:
        self._held = ""
        self._until = ""  # the sign that ends the thinking
        self._kept = "" if unopened else None
        self.orphaned = False  # thinking ended that nothing had opened

    @property
    def thinks(self) -> bool:
        """Whether what comes now may be thinking."""
        return bool(self._until) or self._kept is not None

    def feed(self, piece: str) -> str:
        self._held += piece
        return self._taken(final=False)

    def finish(self) -> str:
        """Return what is left at the end."""
        rest = self._taken(final=True)
        kept, self._kept = self._kept or "", None
        return kept + rest

    def _taken(self, *, final: bool) -> str:
        out = ""
        while True:
            found = _ANY.search(self._held)
            if found is None:
                break
            out = self._passed(out, self._held[: found.start()])
            out = self._at(found[0], out)
            self._held = self._held[found.end() :]
        keep = 0 if final else self._partial()
        text, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return self._passed(out, text)

    def _passed(self, out: str, text: str) -> str:
        if self._until:
            return out
        if self._kept is not None:
            self._kept += text
            return out
        return out + text

    def _at(self, sign: str, out: str) -> str:
        if self._until:
            self._until = "" if sign == self._until else self._until
            return out
        if sign in _PAIRS:
            self._until = _PAIRS[sign]
            kept, self._kept = self._kept, None
            return out + (kept or "").lstrip()
        if sign in _CLOSERS:
            self.orphaned = True
            self._kept = None
            return ""
        return out

    def _partial(self) -> int:
        """Return how many characters of the end may begin a sign."""
        for size in range(min(_LONGEST - 1, len(self._held)), 0, -1):
            tail = self._held[-size:]
            if tail[0] in _FIRST and any(sign.startswith(tail) for sign in _ALL):
                return size
        return 0
