"""What `docent status`, `doctor` and `show` put together of sources, stores and pages, before it is printed.

The commands themselves, with their options, are in `commands`.
"""
