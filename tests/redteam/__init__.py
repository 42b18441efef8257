"""Attacks on a whole Docent, by what an attacker can do: each is a table of surfaces that has to stay shut."""
