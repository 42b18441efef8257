"""`docent eval` and `docent eval-retrieval`: run question sets, compare runs, gate on bars.

What is measured, and how, belongs to `bot.evaluation`.
"""
