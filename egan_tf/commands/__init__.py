"""The commands that train and export: `egan-train`, `egan-export`."""
