"""Commands that go on until they are stopped, and the one that asks whether they live.

What runs then belongs to the adapters and the indexer.
"""
