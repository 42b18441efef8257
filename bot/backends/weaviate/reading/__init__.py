"""Asks what a reader needs: searches, sections, similarities, and what it looks up beforehand.

Nothing here changes an index; `writing` does.
"""
