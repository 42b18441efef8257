"""Keeps what admins teach: verified answers, style examples, and their review.

The buttons and forms that lead here belong to the adapters.
"""
