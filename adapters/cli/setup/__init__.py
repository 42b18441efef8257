"""Creates a first docent.yaml: surveys a folder of docs, and writes the files that fit it.

Settings are read by `bot.config`.
"""
