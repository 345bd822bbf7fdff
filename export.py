"""Exports a run's generator again, from one of its checkpoints: `python export.py --help`."""

from egan_tf.commands.export import cli

if __name__ == "__main__":
    cli()
