"""Counts words as numbers: those of a page, and those of many pages by who may see them. Pure.

A page's words are counted by chunk and kept with its entry in the manifest. A *part* sums them up for the pages of
a range of slots; a reader holds all parts, some ten bytes for each word and audience, and so knows how common a
word is in what an asker may see without asking the server.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.ports import Vocabulary

Numbers = NDArray[np.uint64]
Counts = NDArray[np.uint16]

# A word is a number of 48 bits: among a million words another one is taken for it once in 280 million times.
_BYTES: Final = 6
_SCOPE_BITS: Final = 16
_MOST_SCOPES: Final = 1 << _SCOPE_BITS
_MOST: Final = 65_535
_ASKERS: Final = 64


@lru_cache(50_000)
def _number(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(errors="replace"), digest_size=_BYTES).digest(), "big")


def pack(chunks: Iterable[Iterable[str]]) -> str:
    """Pack in how many of a page's chunks each word stands; chunks come as their words."""
    counted: Counter[int] = Counter()
    for words in chunks:
        counted.update({_number(word) for word in words})
    if not counted:
        return ""
    numbers = np.array(sorted(counted), np.dtype(">u8"))
    short = numbers.view(np.uint8).reshape(-1, 8)[:, 8 - _BYTES :]
    counts = np.array([min(counted[number], 255) for number in numbers.tolist()], np.uint8)
    return base64.b64encode(short.tobytes() + counts.tobytes()).decode()


def _unpack(packed: str) -> tuple[Numbers, Counts]:
    raw = np.frombuffer(base64.b64decode(packed), np.uint8)
    count = len(raw) // (_BYTES + 1)
    numbers = np.zeros((count, 8), np.uint8)
    numbers[:, 8 - _BYTES :] = raw[: count * _BYTES].reshape(count, _BYTES)
    return numbers.view(np.dtype(">u8")).reshape(-1).astype(np.uint64), raw[count * _BYTES :].astype(
        np.uint16
    )


@dataclass(frozen=True, slots=True)
class PageWords:
    """What is summed up of a page."""

    source: str
    audience: tuple[str, ...]
    language: str
    chunks: int
    words: str


@dataclass(slots=True)
class Scope:
    """Pages of one source that the same people may see."""

    source: str
    audience: frozenset[str]
    chunks: int = 0
    languages: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Part:
    """Counts of chunks. `keys` are sorted: a word's number, then the number of its scope; `counts` belong to them."""

    scopes: tuple[Scope, ...]
    keys: Numbers
    counts: Counts

    def dump(self) -> tuple[str, str]:
        """Return its scopes as JSON, and the rest packed as text."""
        head = [
            [scope.source, sorted(scope.audience), scope.chunks, dict(scope.languages)]
            for scope in self.scopes
        ]
        body = self.keys.astype("<u8").tobytes() + self.counts.astype("<u2").tobytes()
        return json.dumps(head, ensure_ascii=False), base64.b64encode(body).decode()


def load(head: str, body: str) -> Part:
    scopes = tuple(
        Scope(source, frozenset(audience), chunks, Counter(languages))
        for source, audience, chunks, languages in json.loads(head)
    )
    raw = base64.b64decode(body)
    count = len(raw) // 10
    keys = np.frombuffer(raw, "<u8", count).astype(np.uint64)
    return Part(scopes, keys, np.frombuffer(raw, "<u2", count, offset=count * 8).astype(np.uint16))


def add_up(pages: Iterable[PageWords]) -> Part:
    scopes: dict[tuple[str, frozenset[str]], int] = {}
    known: list[Scope] = []
    keys: list[Numbers] = []
    counts: list[Counts] = []
    for page in pages:
        at = scopes.setdefault((page.source, frozenset(page.audience)), len(scopes))
        if at >= _MOST_SCOPES:
            continue
        if at == len(known):
            known.append(Scope(page.source, frozenset(page.audience)))
        known[at].chunks += page.chunks
        known[at].languages[page.language] += 1
        numbers, of_page = _unpack(page.words)
        keys.append((numbers << np.uint64(_SCOPE_BITS)) | np.uint64(at))
        counts.append(of_page)
    if not keys:
        return Part(tuple(known), np.zeros(0, np.uint64), np.zeros(0, np.uint16))
    every = np.concatenate(keys)
    order = np.argsort(every, kind="stable")
    unique, starts = np.unique(every[order], return_index=True)
    sums = (
        np.add.reduceat(np.concatenate(counts)[order].astype(np.uint32), starts) if len(unique) else counts[0]
    )
    return Part(tuple(known), unique, np.minimum(sums, _MOST).astype(np.uint16))


class Lexicon:
    """All parts of an index, as they were at one time."""

    def __init__(self, parts: Mapping[int, Part]) -> None:
        self.parts = parts
        self._askers: dict[tuple[frozenset[str], frozenset[str] | None], _Seen] = {}

    def languages(self, audience: frozenset[str], sources: frozenset[str] | None) -> tuple[str, ...]:
        """Return the languages of the pages that they may see, the usual ones first."""
        return self._seen(audience, sources).languages

    def vocabulary(
        self, terms: Sequence[str], audience: frozenset[str], sources: frozenset[str] | None
    ) -> Vocabulary:
        seen = self._seen(audience, sources)
        by_number = {_number(term): term for term in terms}
        numbers = np.array(sorted(by_number), np.uint64) << np.uint64(_SCOPE_BITS)
        totals = np.zeros(len(numbers), np.int64)
        for name, part in self.parts.items() if len(numbers) else ():
            allowed = seen.allowed[name]
            if not allowed.any():
                continue
            starts = np.searchsorted(part.keys, numbers)
            ends = np.searchsorted(part.keys, numbers | np.uint64(_MOST_SCOPES - 1), side="right")
            for at in np.flatnonzero(ends > starts).tolist():
                here = slice(starts[at], ends[at])
                scopes = (part.keys[here] & np.uint64(_MOST_SCOPES - 1)).astype(np.intp)
                totals[at] += int(part.counts[here][allowed[scopes]].sum())
        found = zip(sorted(by_number), totals.tolist(), strict=True)
        holding = {by_number[number]: count for number, count in found if count}
        return Vocabulary(seen.chunks, holding, seen.languages or ("en",))

    def _seen(self, audience: frozenset[str], sources: frozenset[str] | None) -> "_Seen":
        known = self._askers.get((audience, sources))
        if known is None:
            if len(self._askers) >= _ASKERS:
                self._askers.clear()
            known = self._askers[audience, sources] = self._look(audience, sources)
        return known

    def _look(self, audience: frozenset[str], sources: frozenset[str] | None) -> "_Seen":
        chunks, languages = 0, Counter[str]()
        allowed = {}
        for name, part in self.parts.items():
            visible = [
                bool(scope.audience & audience) and (sources is None or scope.source in sources)
                for scope in part.scopes
            ]
            allowed[name] = np.array(visible, bool)
            for scope, seen in zip(part.scopes, visible, strict=True):
                if seen:
                    chunks += scope.chunks
                    languages.update(scope.languages)
        usual = tuple(language for language, _ in languages.most_common() if language)
        return _Seen(chunks, usual, allowed)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What an asker may see: how many chunks, in which languages, and which scopes of each part."""

    chunks: int
    languages: tuple[str, ...]
    allowed: Mapping[int, NDArray[np.bool_]]
