"""A web server for the tests of downloads."""

from collections.abc import Iterator

import pytest

from tests.catalogue.server import Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as running:
        yield running
