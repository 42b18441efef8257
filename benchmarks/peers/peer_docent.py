"""Docent with its defaults: a folder source, the embedded store, `static` vectors; the ranking of its search."""

import asyncio
import logging
from contextlib import AsyncExitStack
from pathlib import Path

from bot.bootstrap import App, open_app
from bot.config.loader import load
from bot.model import Question


class Docent:
    def __init__(self, state: Path) -> None:
        logging.disable()
        self._state = state
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._app: App | None = None

    def index(self, _pages: dict[str, str], docs: Path) -> None:
        self._state.mkdir(parents=True, exist_ok=True)
        config = f"data: .\nsources:\n  - {{name: d, type: folder, path: {docs}, audience: [everyone]}}\n"
        (self._state / "docent.yaml").write_text(config, encoding="utf-8")
        from adapters.cli.app import main

        try:
            main(["--config", str(self._state / "docent.yaml"), "index"])
        except SystemExit as ended:
            if ended.code not in (0, None, 1):  # 1: some pages are empty
                raise

    def ask(self, question: str) -> list[str]:
        return self._runner.run(self._asked(question))

    async def _asked(self, question: str) -> list[str]:
        if self._app is None:
            opened = open_app(load(self._state / "docent.yaml"))
            self._app = await self._stack.enter_async_context(opened)
        found = await self._app.retriever.retrieve(Question(question, frozenset({"everyone"})), question)
        names = (each.passage.doc_id.partition(":")[2] for each in found.candidates)
        return list(dict.fromkeys(names))[:10]


open_peer = Docent
