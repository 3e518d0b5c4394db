"""Archives nobody vouches for: what is no plain file inside the folder is refused."""

import gzip
import io
import random
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dictation.catalogue.archive import ArchiveError, unpack


def write_archive(path, *members, compress=True):
    """Write a .tar.gz of names, of (name, content), or of TarInfo with or without content."""
    with tarfile.open(path, "w:gz" if compress else "w") as tar:
        for member in members:
            info, content = member if isinstance(member, tuple) else (member, b"")
            if isinstance(info, str):
                info = tarfile.TarInfo(info)
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def claiming(name, size):
    info = tarfile.TarInfo(name)
    info.size = size
    return info


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "in" / "model.tar.gz"


@pytest.fixture(autouse=True)
def _folders(archive):
    archive.parent.mkdir()


def test_files_and_folders_come_out_as_they_went_in(archive, tmp_path):
    content = random.Random(1).randbytes(300_000)
    write_archive(archive, special("model", tarfile.DIRTYPE), ("model/final.pt", content), "./a")
    unpack(archive, tmp_path / "out")
    assert (tmp_path / "out" / "model" / "final.pt").read_bytes() == content
    assert (tmp_path / "out" / "a").read_bytes() == b""


HOSTILE = {
    "a symbolic link": (special("x", tarfile.SYMTYPE, "/etc/passwd"), "'x' is a symbolic link"),
    "a hard link": (special("x", tarfile.LNKTYPE, "../../secret"), "'x' is a hard link"),
    "a device": (special("x", tarfile.CHRTYPE), "'x' is a device"),
    "a pipe": (special("x", tarfile.FIFOTYPE), "'x' is a device"),
    "an absolute path": (("/tmp/evil", b"x"), "'/tmp/evil' leads out"),
    "a way up": (("../evil", b"x"), "'../evil' leads out"),
    "a way up inside": (("model/../../evil", b"x"), "leads out"),
    "a folder above": (special("../evil", tarfile.DIRTYPE), "leads out"),
    "a way up by backslashes": (("..\\evil", b"x"), "leads out"),
    "a drive": (("C:evil", b"x"), "leads out"),
    "zeros without end": (("zeros", bytes(40 << 20)), "unpacks to more than"),
    "a header without end": (("x" * (20 << 20), b""), "unpacks to more than"),
}


@pytest.mark.parametrize(("member", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive_is_refused_by_what_it_holds(archive, tmp_path, member, message):
    write_archive(archive, "before", member)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(ArchiveError) as caught:
        unpack(archive, tmp_path / "out")
    assert message in str(caught.value)[:10_000]
    assert str(archive) in str(caught.value)
    assert "\n" not in str(caught.value)
    written = set(tmp_path.rglob("*")) - before
    assert written <= {tmp_path / "out", tmp_path / "out" / "before"}


def test_a_size_that_no_disk_has_is_refused_before_anything_is_written(archive, tmp_path):
    with gzip.open(archive, "wb") as stream:
        stream.write(claiming("huge", 1 << 50).tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(ArchiveError, match="'huge' unpacks to more than"):
        unpack(archive, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_link_and_a_file_through_it_write_nothing_elsewhere(archive, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    write_archive(archive, special("a", tarfile.SYMTYPE, str(outside)), ("a/evil", b"x"))
    with pytest.raises(ArchiveError):
        unpack(archive, tmp_path / "out")
    assert list(outside.iterdir()) == []


def test_more_entries_than_a_model_has_are_refused(archive, tmp_path):
    write_archive(archive, *(f"{number}" for number in range(1001)))
    with pytest.raises(ArchiveError, match="more than 1000 entries"):
        unpack(archive, tmp_path / "out")


def test_no_file_is_written_twice(archive, tmp_path):
    write_archive(archive, ("final.pt", b"one"), ("final.pt", b"two"))
    with pytest.raises(ArchiveError, match=r"'final.pt' is there twice"):
        unpack(archive, tmp_path / "out")


def cut(content):
    return content[: len(content) // 2]


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def other_checksum(content):
    return content[:-8] + bytes(4) + content[-4:]


@pytest.mark.parametrize("damage", [cut, flipped, other_checksum, lambda content: b"nothing"])
def test_a_damaged_archive_is_named(archive, tmp_path, damage):
    write_archive(archive, ("final.pt", random.Random(2).randbytes(200_000)))
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(ArchiveError, match="damaged archive") as caught:
        unpack(archive, tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_an_archive_that_is_not_compressed_is_none(archive, tmp_path):
    write_archive(archive, "final.pt", compress=False)
    with pytest.raises(ArchiveError, match="damaged archive, or none"):
        unpack(archive, tmp_path / "out")


@settings(max_examples=150, deadline=None)
@given(places=st.lists(st.tuples(st.integers(0, 511), st.integers(0, 255)), max_size=4))
def test_whatever_a_header_says_nothing_but_a_refusal_comes_of_it(tmp_path_factory, places):
    folder = tmp_path_factory.mktemp("fuzz")
    header = bytearray(tarfile.TarInfo("model/final.pt").tobuf(tarfile.GNU_FORMAT))
    for place, value in places:
        header[place] = value
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (folder / "model.tar.gz").write_bytes(gzip.compress(bytes(header) + bytes(1024)))
    with suppress(ArchiveError, OSError):
        unpack(folder / "model.tar.gz", folder / "out")
    assert {path.name for path in folder.iterdir()} <= {"model.tar.gz", "out"}
