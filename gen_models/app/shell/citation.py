"""How to cite this program: CITATION.cff in BibTeX, with the addresses that pyproject.toml names."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def addresses(project: Path = ROOT / "pyproject.toml") -> dict[str, str]:
    """Addresses by name, "Lecture", "Homepage" or "Repository": those that are known."""
    return tomllib.loads(project.read_text("utf-8"))["project"].get("urls", {})


def citation(file: Path = ROOT / "CITATION.cff") -> dict[str, Any]:
    """What CITATION.cff says."""
    return yaml.safe_load(file.read_text("utf-8"))


def bibtex(said: dict[str, Any], urls: dict[str, str]) -> str:
    """An entry for this version; its url is that of the repository, else of the home page, else it has none."""
    year, month, _ = str(said["date-released"]).split("-")
    fields = {
        "author": " and ".join(map(_author, said["authors"])),
        "title": f"{{{said['title']}}}",
        "version": said["version"],
        "year": year,
        "month": MONTHS[int(month) - 1],
    }
    if url := urls.get("Repository") or urls.get("Homepage"):
        fields["url"] = url
    lines = "".join(
        f"  {name} = {value if name == 'month' else f'{{{value}}}'},\n"
        for name, value in fields.items()
    )
    return f"@software{{latent_lab_{year},\n{lines}}}"


def _author(person: dict[str, str]) -> str:
    """A group's name in braces, so that its words are not taken for a person's; a person's, family name first."""
    if "name" in person:
        return f"{{{person['name']}}}"
    given = person.get("given-names")
    return person["family-names"] + (f", {given}" if given else "")
