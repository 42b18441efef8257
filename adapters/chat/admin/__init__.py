"""What admins do and hear in chat: their commands, reindexes as they run, what they teach, news of the docs.

What everybody may ask is in `questions`; what a platform knows of its admins is in its own `access`.
"""
