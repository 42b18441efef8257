"""Makes a question of what comes along with it: files, the conversation before it, its edits.

How it is answered belongs to the question service; how a platform tells of it, to that platform.
"""
