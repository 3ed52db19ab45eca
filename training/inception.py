"""`python -m training.inception` forwards to `training.evaluation.inception`."""

from training.engine import cli
from training.evaluation.inception import Config, main

if __name__ == "__main__":
    cli.run(main, Config)
