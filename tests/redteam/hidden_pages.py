"""Five pages, each for one audience, and a ledger of who was shown what of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from bot.bootstrap import App, open_app
from bot.config.loader import load
from indexer.service import Indexer
from tests.support.opened_sources import sources_of
from tests.support.pages import put
from tests.support.waiting import until

# By audience: what a page is about, what its title says, and what it tells. Nobody asks with the latter two.
PAGES = {
    "everyone": ("aardvark", "Quillon", "QX1101"),
    "leads": ("badger", "Tansy", "TR2202"),
    "partners": ("capybara", "Umber", "UW3303"),
    "named": ("dormouse", "Vesper", "VL4404"),
    "board": ("echidna", "Wolfram", "WD5505"),
}
SOURCES = "sources:\n" + "".join(
    f"  - {{name: {audience}, type: folder, path: ./{audience}, audience: [{audience}]}}\n"
    for audience in PAGES
)


def question(audience: str) -> str:
    return f"What is the code of the {PAGES[audience][0]}?"


@dataclass
class Ledger:
    """`shown` is all that the bot has said since the last look. `leaks` and `misses` are sentences."""

    app: App
    shown: Callable[[], str]
    asked: int = 0
    surfaces: set[str] = field(default_factory=set)
    leaks: list[str] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)

    async def tried(
        self, surface: str, ask: Callable[[str], Awaitable[object]], visible: str, *, silent: bool = False
    ) -> None:
        """Ask for each page. `visible` are the audiences whose pages are shown; `silent`: nothing is, and nothing asked."""
        self.surfaces.add(surface)
        for audience in PAGES:
            before = await self._finished()
            await ask(question(audience))
            if not silent:
                await until(lambda before=before: self._more_than(before))  # type: ignore[misc] # bound early
            self.look(f"{surface}, {audience}", set(visible.split()), asked=audience)

    def look(self, what: str, visible: set[str], *, asked: str) -> None:
        """What was shown since, held against what may be: near pages, too, but the one that was asked for must."""
        self.asked += 1
        said = self.shown()
        for audience, (_, *secrets) in PAGES.items():
            seen = [secret for secret in secrets if secret in said]
            if seen and audience not in visible:
                self.leaks.append(f"{what}: shows {seen} of {audience}")
            elif not seen and audience == asked and audience in visible:
                self.misses.append(f"{what}: shows nothing of {audience}")

    async def _finished(self) -> int:
        journal = self.app.journal
        async with journal._database.reading() as connection:  # type: ignore[attr-defined] # the real one
            counted = await connection.scalar(
                text("select count(*) from questions where outcome is not null")
            )
        return int(counted or 0)

    async def _more_than(self, before: int) -> bool:
        return await self._finished() > before

    def told(self, platform: str) -> str:
        """The figures."""
        return (
            f"{platform}: {len(self.surfaces)} surfaces, {self.asked} looks, {len(self.leaks)} leaks,"
            f" {len(self.misses)} answers missing"
        )


@asynccontextmanager
async def indexed(folder: Path, yaml: str) -> AsyncIterator[App]:
    """A real Docent with these pages, and nothing scripted."""
    put(
        folder,
        {
            f"{audience}/page.md": f"# {title}\n\nThe code of the {animal} is {code}.\n"
            for audience, (animal, title, code) in PAGES.items()
        },
    )
    (folder / "docent.yaml").write_text(SOURCES + yaml)
    async with open_app(load(folder / "docent.yaml")) as app:
        await Indexer(app, sources_of(app)).once()
        yield app
