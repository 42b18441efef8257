"""Defines `docent show`."""

from typing import Annotated

import typer

from adapters.cli.command import run
from bot.config.loader import Settings


def command(
    context: typer.Context,
    page: Annotated[
        str, typer.Argument(help="A page's path, name, title or address, or its id (source:path).")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Print a page as it stands in the index: what Docent sees of it, and who may see it.

    Title, address, audience, and each chunk with its heading and anchor. Whoever may run this sees every page. Where
    several pages fit, they are listed.

    ```
    docent show time-off.md
    docent show "Annual leave"
    ```
    """

    async def main(settings: Settings) -> int:
        return await _show(settings, page, as_json=as_json)

    run(context, main, quiet=True)


async def _show(settings: Settings, wanted: str, *, as_json: bool) -> int:
    from adapters.cli.command import CommandError
    from adapters.cli.open_sources import check_index
    from adapters.cli.output import show, show_json
    from adapters.cli.reports import stored_pages
    from bot.bootstrap import open_store

    store = await open_store(settings)
    try:
        await check_index(store)
        found = await stored_pages.find(store, wanted)
        if not found:
            raise CommandError(f"The index holds no page with the path, title or address {wanted!r}.")
        if len(found) > 1:
            if as_json:
                show_json({"matches": [stored_pages.about(page) for page in found]})
            else:
                for line in stored_pages.listed(wanted, found):
                    show(line)
            return 1
        if as_json:
            show_json(stored_pages.to_json(found[0]))
        else:
            for line in stored_pages.lines(found[0]):
                show(line)
        return 0
    finally:
        await store.close()
