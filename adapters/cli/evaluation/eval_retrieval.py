"""Defines `docent eval-retrieval`."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.command import CommandError, run
from bot.config.loader import Settings
from bot.model import Passage, Question


def command(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="corpus.jsonl, queries.jsonl, qrels.tsv.", show_default=False),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure retrieval on a set in the BEIR layout, with the models of docent.yaml.

    The set's documents are indexed on their own, in a folder that is thrown away; your index isn't touched.

    ```
    docent eval-retrieval sets/scifact
    ```
    """

    async def main(settings: Settings) -> int:
        return await _eval(settings, folder, as_json=as_json)

    run(context, main, quiet=True)


async def _eval(settings: Settings, folder: Path, *, as_json: bool) -> int:
    from adapters.cli.output import show, show_json, table
    from adapters.cli.progress import Counter
    from bot.bootstrap import open_app
    from bot.config.chat import JournalSettings
    from bot.config.models import WeaviateSettings
    from bot.config.sources import SourceSettings
    from bot.evaluation.beir import AUDIENCE, SOURCE, BadSet, evaluate_retrieval, read_beir
    from indexer.sync.bulk_load import index_documents

    try:
        beir = read_beir(folder)
    except BadSet as error:
        raise CommandError(str(error), code=2) from error
    pages = SourceSettings(name=SOURCE, type="folder", audience=AUDIENCE)
    with tempfile.TemporaryDirectory(prefix="docent-") as scratch:
        apart = settings.model_copy(
            update={
                "data": Path(scratch),
                "weaviate": WeaviateSettings(),
                "journal": JournalSettings(),
                "sources": (pages,),
            }
        )
        async with open_app(apart) as app:
            await app.ready()
            with Counter("documents", len(beir.documents), shown=not as_json) as counter:
                await index_documents(beir.documents, app.store, app.embedder, counter.at)
            with Counter("queries", len(beir.queries), shown=not as_json) as counter:

                async def rank(question: Question) -> Iterable[Passage]:
                    found = await app.retriever.retrieve(question, question.text)
                    return [candidate.passage for candidate in found.candidates]

                report = await evaluate_retrieval(beir, rank, lambda done, _of: counter.at(done))
    if as_json:
        show_json(report.to_json())
    else:
        show(table(report.table()))
    return 0
