"""A question's way through any platform: accepted once, answered, shown, written down, taken over when a process dies.

What makes a question of an event is the platform's; what an admin asks for is beside it, in `admin`.
"""
