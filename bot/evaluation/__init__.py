"""Measures answers and rankings against question sets, and compares runs.

Running the questions belongs to the command line; nothing of it is needed to answer.
"""
