"""`python -m egan_tf.report` is the command `egan-report`."""

from egan_tf.report.command import main

if __name__ == "__main__":
    main()
