"""How good samples are: every metric says its protocol.

Mode coverage of mixtures, Fréchet and kernel distances, precision and recall, density and coverage, class scores. The
arithmetic (`mixtures`, `frechet`, `kernel`, `neighbours`, `scores`) needs numpy alone.
"""
