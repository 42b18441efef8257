"""Runs models on this machine through fastembed: an embedder and a reranker, by name or from a folder on disk.

What is downloaded, loaded and computed stands here; what similarities and relevances mean does not.
"""
