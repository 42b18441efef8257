"""Works on plain text without knowing where it came from: tokens, Markdown units, sanitizing, matching.

Everything here is pure; what needs a store, a model or a clock belongs elsewhere.
"""
