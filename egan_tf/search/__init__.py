"""Searches over settings and sweeps over seeds: studies whose trials are ordinary runs."""
