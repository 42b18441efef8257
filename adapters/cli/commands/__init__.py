"""One module for each command of `docent`: its words, flags and help.

What a command does over several steps stands beside this folder; imports wait until a command runs.
"""
