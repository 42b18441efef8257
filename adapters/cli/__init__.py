"""Defines the command line: `docent`, and what its commands do over several steps.

What is computed belongs to `bot` and `indexer`; a command imports what it needs when it runs, so that `ask`
starts fast.
"""
