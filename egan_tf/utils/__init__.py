"""Shared by all rooms: settings and flags, checks of input, atomic files and locks, logs, randomness, versions."""
