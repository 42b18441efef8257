"""What is written down of people: their questions, what they think of the answers, what admins saved, what it cost.

Who runs what now is in `running`; the database and its tables are beside.
"""
