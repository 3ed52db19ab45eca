"""`python -m training.lab_digits` forwards to `training.lab.stacked_digits`."""

from training.engine import cli
from training.lab.stacked_digits import Config, main

if __name__ == "__main__":
    cli.run(main, Config)
