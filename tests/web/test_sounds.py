"""No sound of a page goes while that page is being drawn anew."""

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from dictation.web.sounds import current_session, keep_sounds
from dictation.web.tabs import Tabs


@pytest.fixture
def manager() -> MediaFileManager:
    return MediaFileManager(MemoryMediaFileStorage("/media"))


def test_a_sound_is_kept_until_the_page_that_let_go_of_it_is_drawn(manager):
    tabs = Tabs(lambda: 0.0)
    sweep = keep_sounds(manager, tabs)

    def there(address: str) -> bool:
        return manager.read_file(address.rpartition("/")[2]) is not None

    stays = manager.add(b"RIFF", "audio/wav", "player of one")
    leaves = manager.add(b"ID3", "audio/mpeg", "player of another")
    manager.clear_session_refs()  # this page is about to be drawn
    manager.remove_orphaned_files()  # another page has been
    sweep()
    assert there(stays)
    assert there(leaves)
    manager.add(b"RIFF", "audio/wav", "player of one")
    tabs.drawn(current_session())
    sweep()
    assert there(stays)
    assert not there(leaves)


def test_sounds_of_a_session_that_ends_go(manager):
    sweep = keep_sounds(manager, Tabs(lambda: 0.0))
    address = manager.add(b"RIFF", "audio/wav", "player")
    manager.clear_session_refs("dontcare")  # Streamlit's name of what has no session
    sweep()
    assert manager.read_file(address.rpartition("/")[2]) is None
