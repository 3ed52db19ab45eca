"""`python -m training.states` forwards to `training.tools.states`."""

from training.tools.states import main

if __name__ == "__main__":
    main()
