"""The commands that need the extra `train`: `egan-train`, `egan-export`, `egan-search`."""
