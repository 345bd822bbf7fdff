"""From a configuration to a trained, exported model: run folder, logs, checkpoints, resumption, callbacks."""
