"""`python -m training.recipes` forwards to `training.tools.recipes`."""

from training.tools.recipes import main

if __name__ == "__main__":
    main()
