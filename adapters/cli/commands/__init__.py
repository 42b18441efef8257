"""Defines one module for each command of `docent`: its arguments, flags and help.

What a command does over several steps is beside this folder; imports wait until a command runs.
"""
