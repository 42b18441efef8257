"""Gathers what `docent status`, `doctor` and `show` print about sources, stores and pages.

The commands themselves, with their options, are in `commands`.
"""
