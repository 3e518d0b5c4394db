"""Lists what Dictation is installed with and under which licences: `python -m scripts.licences`.

`--extra web` (and others of pyproject.toml) adds an extra. What a package says of itself is printed
as it is: its SPDX expression, else its classifiers, else the first line of its licence field.
"""

import argparse
import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def installed(extras: list[str]) -> list[Distribution]:
    """Everything that Dictation needs with these extras, what that needs included."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    waiting = list(project["dependencies"])
    for extra in extras:
        waiting += project["optional-dependencies"][extra]
    seen: set[tuple[str, str]] = set()
    found: dict[str, Distribution] = {}
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen or not _applies(requirement, ""):
                continue
            seen.add((name, extra))
            try:
                found[name] = distribution(name)
            except PackageNotFoundError:
                print(f"{name} is not installed", file=sys.stderr)
                continue
            for each in found[name].requires or ():
                needed = Requirement(each)
                if _applies(needed, extra):
                    needed.marker = None
                    waiting.append(str(needed))
    return [found[name] for name in sorted(found)]


def licence(package: Distribution) -> str:
    """What a package says of its licence, "unknown" where it says nothing."""
    said = package.metadata
    if expression := said.get("License-Expression"):
        return str(expression)
    classifiers = [
        each.rpartition(" :: ")[2]
        for each in said.get_all("Classifier") or ()
        if each.startswith("License :: OSI Approved :: ")
    ]
    text = (said.get("License") or "").strip().split("\n")[0]
    return ", ".join(classifiers) or text or "unknown"


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def main() -> None:
    """Print a line for each package."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--extra", action="append", default=[])
    for package in installed(parser.parse_args().extra):
        print(f"{package.metadata['Name']:<32} {package.version:<16} {licence(package)}")


if __name__ == "__main__":
    main()
