"""The algorithm: variation, evaluation and selection of generators against one discriminator.

It knows logits, weights and tensors; no files, no plots, no command line.
"""
