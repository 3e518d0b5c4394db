"""The list of what is installed names everything, with a licence that a program may depend on."""

import re

from scripts.licences import installed, licence


def test_everything_needed_is_listed_and_may_be_used():
    listed = {package.metadata["Name"].lower(): licence(package) for package in installed([])}
    assert {"torch", "av", "numpy", "typer"} <= set(listed)
    assert "click" in listed  # what typer needs
    # The lesser one lets others link to what it covers.
    assert [
        name for name, said in listed.items() if re.search(r"\bA?GPL|(?<!Lesser )General", said)
    ] == []
