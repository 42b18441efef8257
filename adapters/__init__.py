"""Chat platforms: each adapter turns its messages into questions and answers into its messages."""
