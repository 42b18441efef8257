"""Compiles what Docent imports when it starts, and nothing else: an image can't write it down later, and all of it is large."""

import importlib
import py_compile
import sys

STARTED = (
    "adapters.cli.app",
    "adapters.discord.service",
    "adapters.slack.service",
    "bot.backends.sqlite",
    "bot.backends.static_embedder",
    "bot.backends.weaviate",
    "bot.bootstrap",
    "bot.evaluation",
    "bot.journal.database",
    "bot.journal.forms.migrate",
    "bot.opened_records",
    "indexer.confinement.limits",
    "indexer.reading.reader_pool",
    "indexer.service",
)

for name in STARTED:
    importlib.import_module(name)
for module in list(sys.modules.values()):
    path = getattr(module, "__file__", None) or ""
    if path.startswith(sys.argv[1]) and path.endswith(".py"):
        # The hash isn't looked at again: nobody changes the image's files.
        py_compile.compile(path, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
