"""What every room needs: checks of input, atomic files and locks, logs, randomness, versions."""
