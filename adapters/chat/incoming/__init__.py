"""Adds to a question what came with it: files, the conversation before it, later edits.

How it is answered belongs to the question service; how a platform delivers it belongs to that platform.
"""
