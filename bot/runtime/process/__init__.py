"""What this process is and has: its name and cores, memory, packages, log, files that are its owner's alone.

What happens to one question or call is beside.
"""
