"""Runs `docent eval` and `docent eval-retrieval`: asks question sets, compares runs, checks them against bars.

What is measured, and how, belongs to `bot.evaluation`.
"""
