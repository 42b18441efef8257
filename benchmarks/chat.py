"""What Docent itself costs in Slack and Discord: an answer that takes no time, on the platforms' simulators.

    python -m benchmarks.chat [--only slack-pace slack-burst …] [--small]

The bot runs in a process of its own with a scripted core and a real journal; real clients call the
simulators of tests/simulators. Prints a Markdown table, and the machine's load before and after.
"""

import argparse
import asyncio
import os
import sys

from benchmarks.platforms import discord, slack
from tests.support import simulators

FIGURES = {**slack.FIGURES, **discord.FIGURES}


def _load() -> str:
    return " ".join(f"{load:.1f}" for load in os.getloadavg()) + f" on {os.cpu_count()} cores"


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=FIGURES, default=list(FIGURES))
    parser.add_argument("--small", action="store_true", help="a minute instead of ten")
    wanted = parser.parse_args()
    if not simulators.there():
        sys.stdout.write(f"skipped: {simulators.WHERE}\n")
        return
    sys.stdout.write(f"load {_load()}\n\n| figure | measured | bar |\n|---|---|---|\n")
    for name in wanted.only:
        async for row in FIGURES[name](wanted.small):
            sys.stdout.write("| " + " | ".join(row) + " |\n")
            sys.stdout.flush()
    sys.stdout.write(f"\nload {_load()}\n")


if __name__ == "__main__":
    asyncio.run(_main())
