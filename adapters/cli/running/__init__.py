"""What runs, seen from the command line: starting it, following it, ending it. What it does is the adapters' and the indexer's."""
