"""`python -m egan_tf.report` is the command `egan-report`."""

from egan_tf.report.command import cli

if __name__ == "__main__":
    cli()
