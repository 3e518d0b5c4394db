"""Downloaded models: whole or not there, and always the file that was first seen."""

import hashlib
import tarfile
from dataclasses import replace

import pytest
from filelock import FileLock

from dictation.catalogue.archive import ArchiveError
from dictation.catalogue.download import DownloadError
from dictation.catalogue.entries import CATALOGUE, find_entry
from dictation.catalogue.store import ModelStore, StoreError
from tests.wenet_folder import pack, settings, write


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    return pack(write(tmp_path_factory.mktemp("model"), settings()))


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models")


@pytest.fixture
def entry(site, packed):
    site.files["/model.tar.gz"] = packed
    return replace(CATALOGUE[0], name="model", addresses=(f"{site.address}/model.tar.gz",))


def install(store, entry, **how):
    return store.install(entry, lambda done, total: None, **how)


def seen(store):
    """What stands under a model's name."""
    return sorted(path.name for path in store.root.iterdir() if not path.name.startswith("."))


def test_a_model_is_there_with_a_pin_of_its_archive(store, entry, packed):
    folder, pin = install(store, entry)
    assert store.folder("model") == folder
    assert (folder / "final.pt").is_file()
    assert (pin.sha256, pin.size) == (hashlib.sha256(packed).hexdigest(), len(packed))
    assert store.pins() == {"model": pin}
    assert seen(store) == ["model", "pins.json"]
    assert [path.name for path in (store.root / ".partial").iterdir()] == ["model.lock"]


def test_an_archive_without_a_folder_of_its_own_will_do(store, entry, site, tmp_path):
    folder = write(tmp_path / "flat", settings())
    with tarfile.open(tmp_path / "flat.tar.gz", "w:gz") as tar:
        tar.add(folder, arcname=".")
    site.files["/model.tar.gz"] = (tmp_path / "flat.tar.gz").read_bytes()
    assert (install(store, entry)[0] / "train.yaml").is_file()


def test_what_is_there_is_not_fetched_again(store, entry, site):
    install(store, entry)
    with pytest.raises(StoreError, match="there already"):
        install(store, entry)
    assert len(site.asked) == 1


def test_another_file_than_the_published_one_is_refused_naming_both(store, entry, packed):
    wrong = replace(entry, sha256="0" * 64)
    with pytest.raises(StoreError) as caught:
        install(store, wrong)
    assert "0" * 64 in str(caught.value)
    assert hashlib.sha256(packed).hexdigest() in str(caught.value)
    assert seen(store) == []


def test_another_file_than_the_one_seen_first_is_refused_naming_both(
    store, entry, site, packed, tmp_path
):
    _, pin = install(store, entry)
    store.remove("model")
    other = pack(write(tmp_path / "other", settings(activation_type="relu")))
    site.files["/model.tar.gz"], site.tag = other, '"second"'
    with pytest.raises(StoreError) as caught:
        install(store, entry)
    for expected in (pin.sha256, hashlib.sha256(other).hexdigest(), str(store.root / "pins.json")):
        assert expected in str(caught.value)
    assert seen(store) == ["pins.json"]
    site.files["/model.tar.gz"] = packed
    install(store, entry)


def test_half_a_download_is_no_model_and_the_next_command_goes_on(store, entry, site, packed):
    half = len(packed) // 2
    site.stops, site.statuses = [half], [None, *[404] * 2]
    with pytest.raises(DownloadError):
        install(store, entry)
    assert store.folder("model") is None
    assert seen(store) == []
    site.statuses = []
    install(store, entry)
    assert site.asked[-1][1] == f"bytes={half}-"
    assert site.sent == len(packed)


def test_a_file_that_a_lying_server_cut_short_is_no_model(store, entry, site, packed):
    site.promised = len(packed) - 1000
    with pytest.raises(ArchiveError, match="damaged archive"):
        install(store, entry)
    assert seen(store) == []
    site.promised = None
    install(store, entry)


def test_a_hostile_archive_leaves_nothing_and_pins_nothing(store, entry, site, tmp_path):
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
        link = tarfile.TarInfo("model/final.pt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    site.files["/model.tar.gz"] = (tmp_path / "evil.tar.gz").read_bytes()
    with pytest.raises(ArchiveError, match="symbolic link"):
        install(store, entry)
    assert seen(store) == []
    assert store.pins() == {}
    assert [path.name for path in (store.root / ".partial").iterdir()] == ["model.lock"]


def test_an_archive_of_something_else_is_no_model(store, entry, site, tmp_path):
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime" / "final.zip").write_bytes(b"x")
    site.files["/model.tar.gz"] = pack(tmp_path / "runtime")
    with pytest.raises(ArchiveError, match=r"no WeNet model .*train.yaml and final.pt"):
        install(store, entry)
    assert seen(store) == []


def test_addresses_are_tried_in_turn(store, entry, site):
    addresses = (f"{site.address}/moved", *entry.addresses)
    _, pin = install(store, replace(entry, addresses=addresses))
    assert pin.url == entry.addresses[0]
    assert [path for path, _ in site.asked] == ["/moved", "/model.tar.gz"]


def test_the_address_that_was_begun_with_is_gone_on_with(store, entry, site, packed):
    site.stops, site.statuses = [1000], [404, None, 404]
    both = replace(entry, addresses=(f"{site.address}/moved", *entry.addresses))
    with pytest.raises(DownloadError, match="404"):
        install(store, both)
    install(store, both)
    assert site.asked[-1] == ("/model.tar.gz", "bytes=1000-")


def test_every_address_that_failed_is_named(store, entry, site):
    addresses = [f"{site.address}/one", f"{site.address}/two"]
    with pytest.raises(DownloadError) as caught:
        install(store, entry, addresses=addresses)
    assert all(address in str(caught.value) for address in addresses)


def test_two_downloads_of_one_model_do_not_meet(store, entry):
    (store.root / ".partial").mkdir(parents=True)
    lock = FileLock(store.root / ".partial" / "model.lock")
    with lock, pytest.raises(StoreError, match="another process"):
        install(store, entry)


def test_a_removed_model_is_gone_and_its_pin_stays(store, entry):
    _, pin = install(store, entry)
    store.remove("model")
    assert store.folder("model") is None
    assert store.pins() == {"model": pin}
    with pytest.raises(StoreError, match="not among the downloaded models"):
        store.remove("model")


def test_a_broken_off_download_can_be_removed(store, entry, site):
    site.stops, site.statuses = [1000], [None, 404]
    with pytest.raises(DownloadError):
        install(store, entry)
    store.remove("model")
    site.statuses = []
    install(store, entry)
    assert site.asked[-1] == ("/model.tar.gz", None)


def test_damaged_pins_are_named_and_never_overlooked(store, entry):
    store.root.mkdir()
    (store.root / "pins.json").write_text("{ not json")
    with pytest.raises(StoreError, match=r"pins\.json"):
        install(store, entry)


def test_a_folder_of_models_that_cannot_be_made_is_named(tmp_path, entry):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        install(ModelStore(tmp_path / "file" / "models"), entry)


def test_the_catalogue_names_each_model_once_and_every_address_is_encrypted():
    names = [entry.name for entry in CATALOGUE]
    assert len(names) == len(set(names)) == 6
    assert all(find_entry(name).name == name for name in names)
    assert find_entry("starter") is None
    for entry in CATALOGUE:
        assert all(address.startswith("https://") for address in entry.addresses)
