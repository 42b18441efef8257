"""Reaches Weaviate: addresses, connections, failover, versions, errors, the server that comes along.

What is stored and searched belongs beside this folder.
"""
