"""`python -m training.lab --name lab-r1`: export a method of the lab."""

from training.engine import cli
from training.lab.export import Config, main

if __name__ == "__main__":
    cli.run(main, Config)
