"""A folder that samples from an exported generator in the reader's browser. Needs no more than the base install."""
