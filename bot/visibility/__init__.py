"""Decides who may see a page, as docent.yaml is now.

Who somebody is, and what a place may show, belongs to the adapters; the filter inside a search to the stores.
"""
