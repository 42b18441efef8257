"""`python -m indexer`: the same as `docent indexer`."""

import sys

from bot.cli import main

if __name__ == "__main__":
    main(["indexer", *sys.argv[1:]])
