"""Shared by all other packages: settings, flags, input checks, atomic files, locks, logs, randomness, versions."""
