"""Measurements behind the project's claims. Each is a command that prints JSON."""
