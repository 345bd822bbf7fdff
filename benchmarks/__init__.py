"""Measurements of what the project claims, each a command that prints JSON."""
