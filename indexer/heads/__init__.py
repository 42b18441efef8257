"""Reads the head of a page in every format: front matter, fields, attributes, meta.

A page whose audience is spoken of and not understood is left out: that is decided here.
"""
