"""What people ask, as text: cleaned, cut into its parts, told from small talk.

What pages say is beside; which pages answer belongs to `bot.retrieval`.
"""
