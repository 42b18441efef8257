"""From nothing to a docent.yaml: what a folder holds, and the files that fit it. Settings are read by `bot.config`."""
