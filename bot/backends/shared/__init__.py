"""Holds what every vendor's models share: prompts, transcripts, the embedding feed, limits, errors, the queue.

Nothing of one vendor belongs here: what a service is called, sends or lacks stands in the folder of its own.
"""
