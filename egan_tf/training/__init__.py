"""Trains and exports a model from a configuration: run folder, logs, checkpoints, resumption, callbacks."""
