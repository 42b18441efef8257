"""What a reader asks: searches, sections, similarities, and what it looks up beforehand.

Nothing here changes an index; that is `writing`'s.
"""
