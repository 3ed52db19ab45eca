"""`python -m training.lab_scoreboard` forwards to `training.lab.scoreboard`."""

from training.engine import cli
from training.lab.scoreboard import Config, main

if __name__ == "__main__":
    cli.run(main, Config)
