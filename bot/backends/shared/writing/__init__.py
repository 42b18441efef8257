"""What all models that write share: prompts, messages, streams and the citations in them.

What embedders and judges share is beside; a vendor's own is in its package.
"""
