"""What runs: reindexes and the messages that show them, who leads, and which processes live.

What people asked is in `records`; the database and its tables are beside.
"""
