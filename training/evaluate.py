"""`python -m training.evaluate` forwards to `training.tools.evaluate`."""

from training.engine import cli
from training.tools.evaluate import Config, main

if __name__ == "__main__":
    cli.run(main, Config)
