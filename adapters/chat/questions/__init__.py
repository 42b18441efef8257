"""Takes a question through any platform: accepted once, answered, shown, recorded, resumed after a crash.

How an event becomes a question belongs to the platform; admin commands belong to `admin`.
"""
