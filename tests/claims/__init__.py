"""What the experiments claim, computed anew on the committed models: a file a chapter, a test a sentence.

`says` ties a test to its words: a sentence that is changed fails here, so that somebody looks at what holds it.
"""

from gen_models.app.chapter import Experiment


def says(experiment: Experiment, *words: str) -> None:
    """The experiment's idea or Notice has these words."""
    for each in words:
        assert each in experiment.idea or each in experiment.notice, f"no longer said: {each}"
