"""A model with a second encoder, for sentences in two languages: who is believed, and when."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dictation.checkpoints.own import Checkpoint
from dictation.model.config import ModelConfigError
from dictation.model.joint import LISTENING, JointModel
from dictation.model.placement import Placement
from dictation.recognition.results import LANGUAGES
from dictation.recognizer import Recognizer
from dictation.text.normalize import written_language
from tests.models import tiny_checkpoint, tiny_config, tiny_model

CPU = Placement("cpu", "fp32")
SAMPLES = (0.1 * np.random.default_rng(3).standard_normal(32_000)).astype(np.float32)


def both(language: str, always: str | None = None) -> Recognizer:
    """Return a recogniser whose first listener is sure of a language, whatever is said, and the
    second of one character, if that is given."""
    checkpoint = _checkpoint(mixed=True)
    _be_sure(checkpoint.model, language)
    if always is not None:
        with torch.no_grad():
            checkpoint.model.mixed.ctc.bias[checkpoint.tokenizer.encode(always)[0]] = 1e3
    return Recognizer(checkpoint, CPU)


def alone(part: str, language: str | None = None) -> Recognizer:
    """Return a recogniser with one of the two listeners, "" or "mixed.", and no other."""
    checkpoint, other = _checkpoint(mixed=False), _checkpoint(mixed=True)
    weights = other.model.state_dict()
    heard = {name: weights[part + name] for name in weights if name.startswith(LISTENING)}
    checkpoint.model.load_state_dict(checkpoint.model.state_dict() | heard)
    if language is not None:
        _be_sure(checkpoint.model, language)
    return Recognizer(checkpoint, CPU)


def _checkpoint(*, mixed: bool) -> Checkpoint:
    plain = tiny_checkpoint()
    config = replace(tiny_config(len(plain.tokenizer)), mixed=mixed)
    return replace(plain, model=tiny_model(config, seed=5))


def _be_sure(model: JointModel, language: str) -> None:
    with torch.no_grad():
        model.language.output.bias[LANGUAGES.index(language)] = 1e3


@pytest.mark.parametrize(("first", "believed"), [("mix", "mixed."), ("zh", ""), ("en", "")])
def test_the_second_writes_what_may_be_mixed(first, believed):
    heard, wanted = both(first).transcribe(SAMPLES), alone(believed).transcribe(SAMPLES)
    assert (heard.text, heard.confidence) == (wanted.text, pytest.approx(wanted.confidence))


def test_a_little_doubt_whether_it_is_mandarin_alone_suffices():
    doubtful = _checkpoint(mixed=True)
    head = doubtful.model.language.output
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.tensor([0.9, 0.02, 0.08]).log())
    recognizer = Recognizer(doubtful, CPU)
    assert recognizer.tell_language(SAMPLES) == "zh"
    assert recognizer.transcribe(SAMPLES).text == alone("mixed.").transcribe(SAMPLES).text


def test_a_second_who_writes_one_language_is_not_believed():
    heard = both("mix", always="的").transcribe(SAMPLES)
    assert heard.text == alone("").transcribe(SAMPLES).text
    assert both("mix", always="的").transcribe(SAMPLES, language="mix").text == "的。"


def test_what_captions_took_for_mixed_is_heard_once_more_and_not_twice(monkeypatch):
    recognizer = both("mix")
    stream = recognizer.stream()
    assert stream.accept(SAMPLES).language == "mix"
    # Captions come of its steps; this is the whole utterance again.
    monkeypatch.setattr(recognizer._model.encoder, "forward", None)
    assert stream.finish().text == alone("mixed.").transcribe(SAMPLES).text


def test_what_captions_took_for_mixed_and_is_not_is_written_by_the_first():
    stream = both("mix", always="的").stream()
    stream.accept(SAMPLES)
    assert stream.finish().text == alone("").transcribe(SAMPLES).text


@pytest.mark.parametrize(("language", "believed"), [("mix", "mixed."), ("zh", ""), ("en", "")])
def test_a_language_that_is_set_says_who_listens(language, believed):
    for first in LANGUAGES:
        heard = both(first).transcribe(SAMPLES, language=language)
        wanted = alone(believed).transcribe(SAMPLES, language=language)
        assert (heard.text, heard.language) == (wanted.text, language)


def test_the_two_write_two_languages_and_not_the_same():
    texts = [alone(part).transcribe(SAMPLES).text for part in ("", "mixed.")]
    assert texts[0] != texts[1]
    assert written_language(texts[1]) == "mix"


def test_captions_are_those_of_the_first():
    streams = [each.stream() for each in (both("zh"), alone("", "zh"))]
    captions = [stream.accept(SAMPLES) for stream in streams]
    assert captions[0] == captions[1]
    assert captions[0] is not None


def test_a_model_that_knows_no_mixed_speech_has_no_second_listener():
    with pytest.raises(ModelConfigError, match="second encoder for mixed speech"):
        replace(tiny_config(), languages=("zh", "en"), mixed=True)
