"""The environment, and `.env` below it: the names that Docent reads, and what is wrong with their values."""
