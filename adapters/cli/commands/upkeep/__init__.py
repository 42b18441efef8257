"""Defines commands for whoever looks after an instance: backups, upgrades, people's data, what was asked."""
