"""Opens tickets for questions that a human shall answer: GitHub, GitLab, Jira, a signed webhook.

What such a question is, and who may ask it, belongs to `adapters.chat`.
"""
