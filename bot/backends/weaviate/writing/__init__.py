"""Changes an index as a writer does: stores, notes, clears away, compares, mends, backs up.

Nothing here answers questions; `reading` does.
"""
