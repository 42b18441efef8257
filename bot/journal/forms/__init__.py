"""The form of the journal's tables: which one a database has, bringing it to this version's, and rows of any in a file.

What stands in the tables is the business of the modules beside it.
"""
