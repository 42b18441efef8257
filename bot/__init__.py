"""The answering core: knows no chat platform."""
