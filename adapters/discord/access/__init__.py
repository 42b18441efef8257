"""Decides who may ask and see what in Discord, and which places are served.

No question is made or answered here.
"""
