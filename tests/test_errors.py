"""What is told to people, whatever it quotes."""

from dictation.errors import DictationError


def test_a_message_is_one_line_and_moves_no_cursor():
    told = str(DictationError("model '\x1b[2Ja\nb\u2028c\ud800': 不行"))
    assert told == r"model '\x1b[2Ja b\u2028c\ud800': 不行"


def test_a_long_message_keeps_its_beginning_and_its_end():
    told = str(DictationError("file: " + "x" * 100_000 + ": too long"))
    assert len(told) == 1000
    assert told.startswith("file: xxx")
    assert told.endswith("xxx: too long")
