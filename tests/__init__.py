"""Tests; README.md says how they are made."""
