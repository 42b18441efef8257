"""What a writer does to an index: stores, notes, clears away, compares, mends, backs up.

Questions are none of its business; they are `reading`'s.
"""
