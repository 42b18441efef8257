"""Reads docent.yaml: lines kept, secrets hidden, and each mistake told where it stands.

What may be set is beside, a module for each part.
"""
