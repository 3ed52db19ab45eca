"""The HTTP endpoints are an interface: scripts and other programs call them by name.

`tests/data/endpoints.json` holds those of the first edition. New ones may come, and new parameters with a default;
none may go, be renamed or want more than it did.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from gen_models import app

KEPT = json.loads(Path("tests/data/endpoints.json").read_text())


@pytest.fixture(scope="module")
def served(whole_app: Any) -> dict[str, dict[str, bool]]:
    return endpoints(whole_app)


def endpoints(demo: Any) -> dict[str, dict[str, bool]]:
    """Of each named endpoint its parameters in order, and whether a caller may leave each out."""
    return {
        name: {
            parameter["parameter_name"]: parameter["parameter_has_default"]
            for parameter in endpoint["parameters"]
        }
        for name, endpoint in demo.get_api_info()["named_endpoints"].items()
    }


def test_there_are_endpoints_to_keep():
    assert len(KEPT) > 40


@pytest.mark.parametrize("name", KEPT)
def test_an_endpoint_of_the_first_edition_is_still_there_and_wants_no_more(served, name):
    assert name in served, f"the endpoint {name} is gone"
    now, before = served[name], KEPT[name]
    assert list(now)[: len(before)] == list(before)
    wanted = {parameter for parameter, optional in now.items() if not optional}
    assert wanted <= {parameter for parameter, optional in before.items() if not optional}


if __name__ == "__main__":
    text = json.dumps(endpoints(app.build(Path("exported"))), indent=1, ensure_ascii=False)
    Path("tests/data/endpoints.json").write_text(text + "\n")
