"""Prints the lowest release of everything pyproject.toml names: `python -m scripts.lowest`.

For `pip install --requirement`: what is needed besides is resolved as usual. Torch is left out with
`--without torch`, where another one is at hand.
"""

import argparse
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lowest(names: list[str]) -> list[Requirement]:
    """The direct requirements of Dictation and of extras, each pinned to its lower bound."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"]]
    for name in names:
        lines += project["optional-dependencies"][name]
    pinned = []
    for line in lines:
        requirement = Requirement(line)
        (bound,) = (each.version for each in requirement.specifier if each.operator == ">=")
        requirement.specifier = type(requirement.specifier)(f"=={bound}")
        pinned.append(requirement)
    return pinned


def main() -> None:
    """Print a requirement a line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--extra", action="append", default=[])
    parser.add_argument("--without", action="append", default=[])
    wishes = parser.parse_args()
    for requirement in lowest(wishes.extra):
        if requirement.name not in wishes.without:
            print(requirement)


if __name__ == "__main__":
    main()
