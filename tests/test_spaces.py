"""The repository is a Hugging Face Space as it is."""

from pathlib import Path

from huggingface_hub import SpaceCard
from packaging.requirements import Requirement


def test_the_front_matter_is_a_gradio_space_of_a_version_that_requirements_allow():
    card = SpaceCard.load(Path("README.md"))
    assert (card.data.sdk, card.data.app_file) == ("gradio", "app.py")
    assert tuple(map(int, card.data.python_version.split("."))) >= (3, 11)
    lines = Path("requirements.txt").read_text().splitlines()
    wanted = [Requirement(line) for line in lines if not line.startswith("#")]
    (gradio,) = [requirement for requirement in wanted if requirement.name == "gradio"]
    assert card.data.sdk_version in gradio.specifier
