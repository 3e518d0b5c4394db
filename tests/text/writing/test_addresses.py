"""Addresses that are read out."""

import pytest

from dictation.text.writing.addresses import write_addresses

WRITTEN = {
    "go to example dot com": "go to example.com",
    "bbc dot co dot uk": "bbc.co.uk",
    "访问www点example点com点cn": "访问www.example.com.cn",
    "打开baidu点com看看": "打开baidu.com看看",
    "my email is john at example dot com": "my email is john@example.com",
    "mail john dot smith at example dot com": "mail john.smith@example.com",
    "邮箱是zhangsan艾特gmail点com": "邮箱是zhangsan@gmail.com",
    "one nine two dot one six eight dot one dot one": "192.168.1.1",
    "ping一下ten dot zero dot zero dot one": "ping一下10.0.0.1",
    "one ninety two dot one sixty eight dot zero dot one": "192.168.0.1",
}

LEFT = [
    "the dot com bubble",
    "look at example.com",
    "I will be at home",
    "see you at example.com or mail me",
    "这有点ai的味道",
    "make it a dot",
]


@pytest.mark.parametrize(("said", "written"), WRITTEN.items())
def test_an_address_is_written_as_it_is_typed(said, written):
    assert write_addresses(said) == written


@pytest.mark.parametrize("said", LEFT)
def test_other_words_stay(said):
    assert write_addresses(said) == said
