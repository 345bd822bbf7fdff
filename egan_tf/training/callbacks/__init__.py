"""Keras callbacks that record a run, show its progress, and save checkpoints."""
