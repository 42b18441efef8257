"""Reads a page's revision as a store keeps it: content hash . fingerprint of all else . the source's own revision."""

# In front of it: the page's chunks wait for their vectors.
WITHOUT_VECTORS = "~"
# Behind the content's hash, with the numbers: the page lacks most of its words.
LOSSY = "!"


def content_of(revision: str) -> str:
    """Return the part that stands for the page's words alone."""
    return revision.removeprefix(WITHOUT_VECTORS).partition(".")[0].partition(LOSSY)[0]
