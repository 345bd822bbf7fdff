"""Trains E-GAN and exports the fittest generator: `python train_tf.py --help`."""

from egan_tf.commands.train import cli

if __name__ == "__main__":
    cli()
