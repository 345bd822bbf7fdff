"""Shared by all packages: checks of input, atomic files and locks, logs, randomness, versions."""
