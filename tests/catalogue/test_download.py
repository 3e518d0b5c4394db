"""A file comes whole, from where it broke off, or not at all; from a server with real faults."""

import random
import socket
from urllib.request import Request

import pytest

from dictation.catalogue.download import DownloadError, _NeverLessSafe, begun_from, download

CONTENT = random.Random(3).randbytes(700_000)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "model.tar.gz"


@pytest.fixture
def fetch(site, target):
    """Download /model from the site, without waiting; returns the pauses there were."""
    site.files["/model"] = CONTENT

    def run(progress=lambda done, total: None) -> list[float]:
        pauses: list[float] = []
        download(f"{site.address}/model", target, progress, pauses.append)
        return pauses

    return run


def test_a_file_comes_whole_and_its_progress_is_told(fetch, target):
    told = []
    assert fetch(lambda done, total: told.append((done, total))) == []
    assert target.read_bytes() == CONTENT
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)


def test_what_broke_off_goes_on_from_there(fetch, site, target):
    site.stops = [100_000, 300_000, None]
    assert len(fetch()) == 2
    assert target.read_bytes() == CONTENT
    assert [wanted for _, wanted in site.asked] == [None, "bytes=100000-", "bytes=400000-"]
    assert site.sent == len(CONTENT)


def test_a_later_command_goes_on_too(fetch, site, target):
    site.stops, site.statuses = [250_000], [None, *[503] * 5]
    with pytest.raises(DownloadError, match=r"503 .* 250000 bytes are kept"):
        fetch()
    fetch()
    assert target.read_bytes() == CONTENT
    assert site.asked[-1] == ("/model", "bytes=250000-")


def test_what_is_whole_already_is_not_asked_for_again(fetch, site):
    fetch()
    fetch()
    assert len(site.asked) == 1


def test_a_file_that_changed_in_between_is_fetched_anew(fetch, site, target):
    site.stops = [250_000]
    site.statuses = [None, *[500] * 5]
    with pytest.raises(DownloadError):
        fetch()
    site.files["/model"], site.tag = CONTENT[::-1], '"second"'
    fetch()
    assert target.read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("tag", [None, 'W/"weak"'])
def test_without_a_mark_to_tell_it_by_no_part_is_trusted(fetch, site, target, tag):
    site.tag, site.stops = tag, [250_000]
    fetch()
    assert target.read_bytes() == CONTENT
    assert [wanted for _, wanted in site.asked] == [None, None]


def test_a_server_that_knows_no_ranges_starts_again(fetch, site, target):
    site.ranges, site.stops = False, [100_000]
    fetch()
    assert target.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_now_is_thrown_away(fetch, site, target):
    fetch()
    site.files["/model"] = CONTENT[:1000]
    note = target.with_name(target.name + ".json")
    note.write_text(note.read_text().replace(str(len(CONTENT)), "9999999"))
    fetch()
    assert target.read_bytes() == CONTENT[:1000]


def test_a_server_that_promises_more_than_it_has_is_not_believed(fetch, site):
    site.promised = len(CONTENT) + 5000
    site.ranges = False
    with pytest.raises(DownloadError) as caught:
        fetch()
    assert f"promised {len(CONTENT) + 5000} bytes and sent {len(CONTENT)}" in str(caught.value)


def test_a_moment_of_trouble_is_waited_out(fetch, site, target):
    site.statuses = [503, 429, None]
    assert fetch() == [2.0, 4.0]
    assert target.read_bytes() == CONTENT


def test_what_is_not_there_is_asked_for_once(fetch, site):
    site.statuses = [404]
    with pytest.raises(DownloadError, match="404"):
        fetch()
    assert len(site.asked) == 1


def test_a_web_page_is_no_file(fetch, site, target):
    site.content_type = "text/html; charset=utf-8"
    with pytest.raises(DownloadError, match="open it in a browser"):
        fetch()
    assert not target.exists()


def test_a_file_too_large_for_the_disk_is_not_begun(fetch, site, target):
    site.promised = 10**15
    with pytest.raises(DownloadError, match=r"2000000000 MB are needed .* MB are free"):
        fetch()
    assert not target.exists()


def test_nobody_there_is_told_after_some_attempts(target):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    pauses: list[float] = []
    with pytest.raises(DownloadError, match="no connection") as caught:
        download(f"http://127.0.0.1:{port}/x", target, lambda done, total: None, pauses.append)
    assert "\n" not in str(caught.value)
    assert pauses == [2.0]
    assert begun_from(target) is None


def test_only_web_addresses_are_read(target):
    with pytest.raises(DownloadError, match="begins with https://"):
        download("file:///etc/passwd", target, lambda done, total: None)


def test_an_encrypted_address_may_not_lead_to_an_open_one():
    asked = Request("https://example.org/a")
    with pytest.raises(DownloadError, match="not encrypted"):
        _NeverLessSafe().redirect_request(asked, None, 302, "Found", None, "http://example.org/b")
