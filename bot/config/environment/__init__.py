"""Reads the environment, and `.env` below it: the names that Docent knows, and what is wrong with their values."""
