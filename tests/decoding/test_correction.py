"""Hot words in a finished text: put in where both passes allow it, and nowhere else."""

from dataclasses import replace

import pytest
import torch

from dictation.decoding.correction import corrected
from dictation.decoding.hot_words import HotPhrase, hot_words_of
from dictation.events import TimedWord
from dictation.text.hot_words import HotWord
from dictation.text.tokenizer import CtcTokenizer, build_ctc_tokenizer
from tests.models import CHINESE, LATIN

TOKENIZER = build_ctc_tokenizer(CHINESE, LATIN, 68)
FRAME = 0.04


def phrase(written: str, boost: float = 3.0) -> HotPhrase:
    (found,) = hot_words_of([HotWord(written, boost)], TOKENIZER, decoder=True).phrases
    return found


def heard(*peaks: tuple[str, int], tokenizer: CtcTokenizer = TOKENIZER) -> torch.Tensor:
    """CTC hears these, a token a frame from the frame given on; everything else is unlikely."""
    log_probs = torch.full((60, len(tokenizer)), -12.0)
    log_probs[:, 0] = 0.0
    for text, frame in peaks:
        for offset, token in enumerate(tokenizer.encode(text)):
            log_probs[frame + 2 * offset, 0] = -12.0
            log_probs[frame + 2 * offset, token] = 0.0
    return log_probs.log_softmax(1)


def timed(*words: tuple[str, int, int]) -> list[TimedWord]:
    return [TimedWord(text, start * FRAME, end * FRAME, 0.5) for text, start, end in words]


WORDS = timed(("今", 2, 6), ("天", 6, 10), ("四", 12, 17), ("零，", 17, 22), ("我", 30, 34))
TEXT = "今天四零，我"


def written(log_probs, phrases, losses=None):
    """The text after correction; `losses`: what the decoder thinks of texts against TEXT."""
    score = lambda texts: [(losses or {}).get(text, 0.0) for text in texts]  # noqa: E731
    return corrected(TEXT, WORDS, phrases, log_probs, FRAME, score)


def test_a_phrase_that_ctc_can_have_heard_takes_the_place_of_what_was_written():
    assert written(heard(("我们", 14)), [phrase("我们")]) == "今天我们，我"


def test_a_phrase_that_ctc_did_not_hear_is_not_put_in():
    assert written(heard(("今天", 3)), [phrase("讨论")]) == TEXT


def test_a_phrase_the_decoder_finds_impossible_is_not_put_in():
    losses = dict.fromkeys(("今天我们，我", "今天我们零，我", "今天我们", "今天四我们，我"), -40.0)
    assert written(heard(("我们", 14)), [phrase("我们")], losses) == TEXT
    assert written(heard(("我们", 14)), [phrase("我们", 20.0)], losses) == "今天我们，我"


def test_words_that_the_decoder_is_sure_of_stay():
    sure = [replace(word, confidence=0.8) for word in WORDS]
    score = lambda texts: [0.0] * len(texts)  # noqa: E731
    found = corrected(TEXT, sure, [phrase("我们")], heard(("我们", 14)), FRAME, score)
    assert found == TEXT


def test_of_two_phrases_for_one_place_the_better_is_taken():
    assert written(heard(("我们", 14)), [phrase("我论"), phrase("我们")]) == "今天我们，我"


def test_a_name_in_the_other_script_gets_its_spaces():
    losses = {"今天 API 零，我": -9.0, "今天四 API，我": -9.0}
    assert written(heard(("API", 13)), [phrase("API")], losses) == "今天 API，我"


def test_a_name_with_a_character_the_vocabulary_lacks_is_still_found():
    assert written(heard(("我们", 14)), [phrase("我龘")]) == "今天我龘，我"


def test_without_phrases_nothing_changes():
    assert written(heard(("我们", 14)), []) == TEXT


def test_a_phrase_of_strange_characters_alone_cannot_be_listened_for():
    words = [HotWord("龘靐"), HotWord("今天")]
    found = hot_words_of(words, TOKENIZER, decoder=True)
    assert found.unspellable == ("龘靐",)
    assert [each.written for each in found.phrases] == ["今天"]
    assert hot_words_of([HotWord("今龘")], TOKENIZER, decoder=False).unspellable == ("今龘",)


# A vocabulary with 斯图兰 but without 司, 徒 and 岚, which sound the same.
SYLLABLES = build_ctc_tokenizer([*CHINESE, *"斯图兰市诗明"], LATIN, 68)


def with_name(name: str, said: str, losses=None):
    """The text after correction, when CTC hears `said` and a name is listened for."""
    (found,) = hot_words_of([HotWord(name)], SYLLABLES, decoder=True).phrases
    return written(heard((said, 14), tokenizer=SYLLABLES), [found], losses)


def rare(name: str) -> dict[str, float]:
    """What a decoder thinks of a name that it has never met."""
    texts = (f"今天{name}零，我", f"今天{name}", f"今天四{name}，我")
    return {f"今天{name}，我": -20.0, **dict.fromkeys(texts, -60.0)}


def test_a_name_takes_the_place_of_characters_that_sound_the_same():
    assert with_name("司徒岚", "斯图兰", rare("司徒岚")) == "今天司徒岚，我"


def test_a_name_that_sounds_otherwise_does_not():
    assert with_name("司徒明", "斯图兰", rare("司徒明")) == TEXT


def test_in_a_name_of_two_characters_the_tones_count():
    assert with_name("司徒", "斯图") == "今天司徒，我"
    assert with_name("诗图", "市图", dict.fromkeys(rare("诗图"), -10.0)) == TEXT


def test_a_character_the_vocabulary_lacks_is_known_by_its_sound():
    assert hot_words_of([HotWord("司徒岚")], TOKENIZER, decoder=True).unspellable == ("司徒岚",)
    assert hot_words_of([HotWord("司徒岚")], SYLLABLES, decoder=True).unspellable == ()


@pytest.mark.parametrize(
    ("replaced", "name", "may"),
    [
        ("Gryffana", "Grafana", True),
        ("art or", "Ardour", True),
        ("code 里", "Kodi", True),
        ("weeks", "Slack", False),
        ("蓝老", "Python", False),
        ("爱死死", "ICC", True),
        ("四零四", "404", True),
    ],
)
def test_a_name_in_latin_letters_must_sound_like_what_it_replaces(replaced, name, may):
    words = [TimedWord(each, 0.52 + 0.1 * at, 0.6 + 0.1 * at, 0.5)
             for at, each in enumerate(replaced.split(" "))]  # fmt: skip
    wanted = phrase(name)
    log_probs = heard((name, 14))
    found = corrected(replaced, words, [wanted], log_probs, FRAME, lambda texts: [0.0] * len(texts))
    assert (found == name) == may


def test_a_word_before_a_name_is_not_swallowed_with_it():
    words = [TimedWord("to", 0.54, 0.66, 0.5), TimedWord("Gryffana", 0.66, 1.0, 0.5)]
    losses = {"Grafana": -20.0, "to Grafana": -4.0}
    score = lambda texts: [losses.get(text, 0.0) for text in texts]  # noqa: E731
    found = corrected(
        "to Gryffana", words, [phrase("Grafana")], heard(("Grafana", 14)), FRAME, score
    )
    assert found == "to Grafana"
