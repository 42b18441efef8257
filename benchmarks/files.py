"""Office files, PDF, HTML, CSV and notebooks of a folder: what fails, what is kept, what it takes of the processor.

python -m benchmarks.files FOLDER [--kinds pdf,docx] [--below 0.9]
"""

import argparse
import time
from collections import Counter, defaultdict
from pathlib import Path

from bot.config.sources import SourceSettings
from indexer.converters.formats import ending
from indexer.reading.page_builder import NoPage, build, raw_page
from indexer.sources.base import Entry, Fetched

KINDS = "pdf,docx,pptx,xlsx,html,htm,csv,tsv,ipynb"


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--kinds", default=KINDS)
    arguments.add_argument("--below", type=float, default=0.0, help="name the files that keep less than that")
    given = arguments.parse_args()
    settings = SourceSettings.model_validate(
        {"name": "docs", "type": "folder", "path": ".", "audience": ["everyone"]}
    )
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    spent: defaultdict[str, float] = defaultdict(float)
    reasons: Counter[str] = Counter()
    for path in sorted(given.folder.rglob("*")):
        kind = ending(path.name)
        if kind not in given.kinds.split(",") or not path.is_file():
            continue
        name = str(path.relative_to(given.folder))
        began = time.process_time()
        built = build(raw_page(settings, Entry(name, "1"), Fetched(name, path.read_bytes())))
        spent[kind] += time.process_time() - began
        counts[kind]["files"] += 1
        if isinstance(built, NoPage):
            counts[kind]["no text" if built.empty or "no text" in built.reason else "failed"] += 1
            reasons[f"{kind}: {built.reason}"] += 1
            continue
        counts[kind]["warned"] += bool(built.problem)
        if built.words is None or not built.words.held:
            continue
        counts[kind]["held"] += built.words.held
        counts[kind]["kept"] += built.words.kept
        if built.words.kept < given.below * built.words.held:
            print(f"  {built.words.kept}/{built.words.held} {name}")
    for kind, found in sorted(counts.items()):
        share = found["kept"] / max(1, found["held"])
        print(
            f"{kind}: {found['files']} files, {found['no text']} without text, {found['failed']} failed,"
            f" {found['warned']} warned, {share:.1%} of {found['held']:,} words, {spent[kind]:.1f} s"
        )
    for reason, times in reasons.most_common():
        print(f"  {times} {reason}")


if __name__ == "__main__":
    main()
