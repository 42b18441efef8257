"""How much of a folder's words arrives in the index, and what of the processor's time it takes.

    .venv/bin/python benchmarks/documents.py FOLDER [GLOB] [--lost 20]

Words out of words in: those of the chunks out of those of the files by a plain extraction, which strips heads, comments,
markup and addresses line by line and knows nothing else of the format. The worst pages are named with words that they lost.
"""

import argparse
import re
import time
from collections import Counter
from pathlib import Path

from bot.config.sources import SourceSettings
from indexer.converters.formats import ending
from indexer.reading.page_builder import NoPage, build, raw_page
from indexer.sources.base import Entry, Fetched

_WORD = re.compile(r"[^\W_]{2,}")
_HEAD = re.compile(r"\A(---|\+\+\+)\n.*?\n\1\n", re.DOTALL)
_HIDDEN = re.compile(
    r"<!--.*?-->|%%\n.*?\n%%|<(script|style|svg)\b.*?</\1>|^////\n.*?\n////$", re.DOTALL | re.MULTILINE
)
# Addresses, tags with all that is in them, attributes in braces.
_ADDRESS = re.compile(
    r"\[\[[^\[\]|]*\||!\[\[[^\[\]]*\]\]|\]\([^()\s]*(?:\([^()]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)|\]\[[^\]]*\]|https?://\S+|</?[A-Za-z][^<>]*>|\{\{.*?\}\}|\{%.*?%\}"
)
_LINES = {
    "md": re.compile(r"^\s*(?:\[[^\]]+\]:\s+\S+.*|```.*|~~~.*|:::.*|===\s.*|(?:!!!|\?\?\?\+?)\s.*|import .*|export .*|--8<--.*|\{[:.#].*\})$"),
    "rst": re.compile(r"^\s*(?:\.\. (?:toctree|image|figure|include|literalinclude|highlight|code-block|sourcecode|index|default-domain|currentmodule|module|py:module|py:currentmodule|only|rst-class|cssclass|graphviz|digraph|auto\w+|math|container|parsed-literal|list-table|csv-table|table)::.*|\.\. (?![\w:.+-]+::).*|:[\w -]+:.*|[=\-~^\"'*+#`.]{3,})$"),
    "adoc": re.compile(r"^(?::!?[\w-]+!?:.*|//.*|\[.*\]|(?:include|image|ifdef|ifndef|ifeval|endif|toc|include-code)::.*|[-=.*_|+]{3,})$"),
}  # fmt: skip
_MARKUP = {
    "rst": re.compile(r"\.\. [\w:.+-]+::|:[\w:+.-]+:`(?:[^`<]*<)?|`__?|<[^<>`]+>`|\|[\w-]+\|"),
    "adoc": re.compile(
        r"(?:link|xref|mailto|image|kbd|btn|menu|footnote|[a-z-]+):[^\s\[]*\[|<<[^,>]*(?:,|>>)|\{[\w-]+\}|,\s*\w+=[^\]]*\]"
    ),
}


def words_in(text: str, kind: str) -> Counter[str]:
    text = _HIDDEN.sub("", _HEAD.sub("", text.replace("\r\n", "\n")))
    lines = _LINES.get(kind, _LINES["md"])
    text = "\n".join(line for line in text.split("\n") if not lines.match(line))
    text = _ADDRESS.sub(" ", text)
    if kind in _MARKUP:
        text = _MARKUP[kind].sub(" ", text)
    return Counter(word.lower() for word in _WORD.findall(text))


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("glob", nargs="?", default="**/*.*")
    arguments.add_argument("--lost", type=int, default=0)
    given = arguments.parse_args()
    settings = SourceSettings.model_validate(
        {"name": "docs", "type": "folder", "path": ".", "audience": ["everyone"]}
    )
    totals: Counter[str] = Counter()
    worst: list[tuple[float, str, str]] = []
    spent = 0.0
    for path in sorted(given.folder.glob(given.glob)):
        kind = ending(path.name).replace("mdx", "md").replace("asciidoc", "adoc")
        if not path.is_file() or kind not in _LINES:
            continue
        data = path.read_bytes()
        name = str(path.relative_to(given.folder))
        began = time.process_time()
        built = build(raw_page(settings, Entry(name, "1"), Fetched(name, data)))
        spent += time.process_time() - began
        totals["pages"] += 1
        if isinstance(built, NoPage):
            totals["drafts"] += built.draft
            totals["empty"] += built.empty
            if not (built.draft or built.empty):
                totals["failed"] += 1
                print(f"failed: {name}: {built.reason}")
            continue
        totals["chunks"] += len(built.pieces)
        said = "\n".join(
            [built.document.title, *(f"{p.chunk.heading}\n{p.chunk.text}" for p in built.pieces)]
        )
        expected = words_in(data.decode("utf-8", "replace"), kind)
        there = Counter(word.lower() for word in _WORD.findall(said))
        # How often a word stands there depends on headings, which stand at each chunk.
        kept = sum((expected & there).values())
        totals["words in"] += expected.total()
        totals["words kept"] += kept
        lost = " ".join(word for word, _ in (expected - there).most_common(14))
        worst.append((kept / max(1, expected.total()), name, lost))
    share = totals["words kept"] / max(1, totals["words in"])
    counts = ", ".join(
        f"{totals[name]:,} {name}" for name in ("pages", "chunks", "drafts", "empty", "failed", "words in")
    )
    print(
        f"{counts}; {share:.1%} of the words kept; {spent:.1f} s of CPU, {1000 * spent / max(1, totals['pages']):.1f} ms a page"
    )
    for part, name, lost in sorted(worst)[: given.lost]:
        print(f"  {part:.0%} {name}: {lost}")


if __name__ == "__main__":
    main()
