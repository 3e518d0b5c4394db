"""A tab that is gone for long is told once; one that comes back is kept."""

from dictation.web.tabs import Tabs


def test_a_tab_is_gone_after_ten_seconds_without_connection():
    now = 0.0
    tabs = Tabs(lambda: now)
    tabs.draws("stays")
    tabs.draws("leaves")
    tabs.draws("comes back")
    connected = {"stays"}
    for now, back in ((4.0, False), (9.0, True), (12.0, True)):
        here = connected | ({"comes back"} if back else set())
        gone = tabs.gone(here.__contains__)
        assert gone == (["leaves"] if now == 12.0 else [])
    now = 30.0
    assert tabs.gone(lambda session: session == "stays") == ["comes back"]
    assert tabs.gone(lambda session: session == "stays") == []


def test_a_page_is_being_drawn_until_its_sounds_are_on_it_or_it_is_gone():
    now = 0.0
    tabs = Tabs(lambda: now)
    assert not tabs.drawing
    tabs.draws("one")
    tabs.draws("other")
    tabs.drawn("one")
    assert tabs.drawing
    now = 20.0
    assert tabs.gone(lambda session: session == "one") == ["other"]
    assert not tabs.drawing
