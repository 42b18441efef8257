"""Checks what could be wrong with an installation, and says what to do about it.

Platform checks belong to their adapters, printing to the command line.
"""
