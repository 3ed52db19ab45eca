"""`python -m training.bench` forwards to `training.tools.bench`."""

from training.engine import cli
from training.tools.bench import Config, main

if __name__ == "__main__":
    cli.run(main, Config)
