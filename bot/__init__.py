"""The answering core: from a question to a checked, cited answer.

No chat platform belongs here, and no reader of anybody's docs: those are `adapters` and `indexer`.
"""
