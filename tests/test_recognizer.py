"""The recogniser on a small model with random weights: what holds whatever the weights are."""

import itertools
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from dictation.checkpoints.own import Checkpoint
from dictation.decoding.second_pass import SecondPass, SecondPassSettings, distance
from dictation.decoding.spelling import WrittenSpelling
from dictation.language_model.arpa import read_arpa
from dictation.model.placement import (
    Placement,
    PlacementError,
    choose_device,
    choose_precision,
)
from dictation.recognition.results import LANGUAGES
from dictation.recognizer import Recognizer
from dictation.text.hot_words import HotWord, WordList
from dictation.text.tokenizer import build_ctc_tokenizer
from tests.language_model.arpa import write_arpa
from tests.models import CHINESE, LATIN, tiny_checkpoint, tiny_config, tiny_model


def sound(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(3)
    return (0.1 * rng.standard_normal(int(16_000 * seconds))).astype(np.float32)


@pytest.fixture
def recognizer():
    checkpoint = tiny_checkpoint()
    return Recognizer(checkpoint, Placement("cpu", "fp32"))


def heard(recognizer, samples, block, chunk_ms=320):
    stream = recognizer.stream(chunk_ms=chunk_ms)
    partials = []
    for first in range(0, len(samples), block):
        partial = stream.accept(samples[first : first + block])
        if partial is not None:
            partials.append(partial)
    return partials, stream.finish()


@pytest.mark.parametrize("block", [160, 1_000, 5_120, 100_000])
def test_how_the_sound_is_cut_does_not_matter(recognizer, block):
    samples = sound(2.7)
    _, one = heard(recognizer, samples, 320)
    _, other = heard(recognizer, samples, block)
    assert (one.text, one.words, one.first_pass) == (other.text, other.words, other.first_pass)
    assert one.confidence == pytest.approx(other.confidence, abs=1e-4)


@pytest.mark.parametrize(("chunk_ms", "captions"), [(320, 9), (640, 4)])
def test_there_is_a_caption_after_every_chunk(recognizer, chunk_ms, captions):
    partials, _ = heard(recognizer, sound(3.0), 320, chunk_ms)
    assert len(partials) == captions


def test_the_finished_text_is_that_of_the_whole_utterance(recognizer):
    samples = sound(2.3)
    _, streamed = heard(recognizer, samples, 320)
    whole = recognizer.transcribe(samples)
    assert (streamed.text, streamed.words) == (whole.text, whole.words)
    assert streamed.language == whole.language
    # Products of other sizes round otherwise: features of blocks are the whole's to 1e-7.
    assert streamed.confidence == pytest.approx(whole.confidence, rel=1e-6)


def test_a_text_that_was_foreseen_is_the_finished_one_unless_more_is_heard(recognizer, monkeypatch):
    samples, decided = sound(2.3), []

    def decide(*arguments, real=recognizer._decide):
        decided.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(recognizer, "_decide", decide)
    stream = recognizer.stream()
    stream.accept(samples[:20_000])
    stream.accept(samples[20_000:])
    expected = stream.finish()
    stream = recognizer.stream()
    stream.accept(samples[:20_000])
    stream.foresee()
    assert stream.finish().words != expected.words
    stream = recognizer.stream()
    stream.accept(samples[:20_000])
    stream.foresee()
    stream.accept(samples[20_000:])
    stream.foresee()
    stream.accept(samples[:0])
    decided.clear()
    assert stream.finish() == expected
    assert decided == []


def test_the_second_pass_hears_silence_at_the_end_and_tells_times_of_what_was_said(recognizer):
    given, output = [], []

    def encoder(features, lengths, real=recognizer._model.encoder.forward):
        given.append(features)
        output.append(real(features, lengths))
        return output[-1]

    recognizer._model.encoder.forward = encoder
    samples = sound(1.0)
    final = recognizer.transcribe(samples)
    assert given[-1].size(1) == 160
    assert torch.equal(given[-1][0, 101:], given[-1][0, 101:102].expand(59, -1))
    assert output[-1].top.size(1) == 40
    assert all(word.end <= 1.0 for word in final.timed)


@pytest.mark.parametrize("window_ms", [0, 1280])
def test_captions_end_with_the_silence_that_the_second_pass_hears(window_ms):
    stream = windowed(window_ms).stream()
    stream.accept(sound(1.0))
    stream.finish_first_pass()
    assert stream._heard.frames == 40


def test_the_language_of_a_text_is_that_of_its_letters():
    checkpoint = always_hearing({"今天": 12.0})
    with torch.no_grad():
        checkpoint.model.language.output.bias[LANGUAGES.index("en")] = 1e3
    recognizer = Recognizer(checkpoint, Placement("cpu", "fp32"))
    assert recognizer.tell_language(sound(1.0)) == "en"
    final = recognizer.transcribe(sound(1.0))
    assert "今" in final.text or "天" in final.text
    assert final.language == "zh"
    assert recognizer.transcribe(sound(1.0), language="en").language == "en"


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.01, 0.039, 0.1])
def test_next_to_nothing_is_no_error(recognizer, seconds):
    samples = sound(seconds)
    partials, final = heard(recognizer, samples, 320)
    assert partials == []
    assert isinstance(final.text, str)
    assert isinstance(recognizer.transcribe(samples).text, str)


def test_a_language_is_only_named_once_there_is_speech_to_tell_it_by(recognizer):
    partials, _ = heard(recognizer, sound(2.0), 320)
    assert partials[0].language is None
    assert all(partial.language in (None, "zh", "en", "mix") for partial in partials)


def test_a_language_is_told_without_a_text(recognizer):
    speech = sound(1.0)
    assert recognizer.tell_language(speech) == recognizer.transcribe(speech).language
    assert recognizer.tell_language(speech[:100]) is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_language_that_is_known_is_not_guessed(recognizer, language):
    stream = recognizer.stream(language=language)
    partials = [stream.accept(sound(0.64)) for _ in range(5)]
    named = {partial.language for partial in partials if partial is not None} - {None}
    assert named <= {language}
    assert stream.finish().language == language
    assert recognizer.transcribe(sound(2.0), language=language).language == language


@pytest.mark.parametrize("chunk_ms", [0, -320])
def test_a_chunk_that_is_no_span_of_time_is_refused(recognizer, chunk_ms):
    with pytest.raises(ValueError, match="chunk_ms"):
        recognizer.stream(chunk_ms=chunk_ms)


def test_a_chunk_is_rounded_to_whole_frames(recognizer):
    rounded, whole = (heard(recognizer, sound(3.0), 480, size)[0] for size in (330, 320))
    assert len(whole) > 1
    assert rounded == whole


def test_stereo_is_refused(recognizer):
    with pytest.raises(ValueError, match=r"must be \(N,\)"):
        recognizer.transcribe(np.zeros((2, 1600), np.float32))


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_streams_too(precision):
    checkpoint = tiny_checkpoint()
    recognizer = Recognizer(checkpoint, Placement("cpu", precision))
    partials, final = heard(recognizer, sound(2.0), 320)
    assert len(partials) == 6
    assert recognizer.description == "tiny, 0 M parameters, cpu, " + precision
    assert isinstance(final.text, str)


def test_a_device_that_is_not_there_is_named():
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(PlacementError, match="no cuda on this machine"):
        choose_device("cuda")


def test_an_unknown_precision_is_named():
    with pytest.raises(PlacementError, match="'int3' is none of"):
        choose_precision("cpu", "int3", lambda: "fp32")


class FixedTokens:
    """A decoder vocabulary of whole texts: id 2 + i is the i-th of them."""

    end = 1

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    def prompt(self, language: str) -> tuple[int, ...]:
        return (0,)

    def encode(self, text: str) -> list[int]:
        return []

    def decode(self, tokens: list[int]) -> str:
        return "".join(self._texts[token - 2] for token in tokens)


def decided_by(text: str, heard: str = "这个 API", shown: str = "这个 API") -> str:
    """Return what the second pass makes of what CTC `heard` in the whole utterance and had `shown`
    on the way when the decoder would write `text`."""
    tokenizer = build_ctc_tokenizer(CHINESE, LATIN, 68)
    model = tiny_model(tiny_config(len(tokenizer), decoder=3))
    decoder = model.decoder
    assert decoder is not None
    with torch.no_grad():  # whatever the memory: first the text, then the end
        decoder.embedding.weight.zero_()
        decoder.embedding.weight[1:3] = torch.eye(16)[:2] * 50
        decoder.positions.zero_()
        decoder.norm.weight.zero_()
        decoder.norm.bias.zero_()
    first = [torch.eye(16)[1] * 9] if text else []
    steps = itertools.chain(first, itertools.repeat(torch.eye(16)[0] * 9))
    decoder.norm.register_forward_hook(lambda _, __, states: next(steps).expand_as(states))
    ids = tokenizer.encode(heard)
    frames = [token for each in ids for token in (each, 0)] or [0] * 12
    log_probs = torch.full((len(frames), len(tokenizer)), -20.0)
    log_probs[torch.arange(len(frames)), torch.tensor(frames)] = 0.0
    spelling = WrittenSpelling(tokenizer, FixedTokens([text]))
    second_pass = SecondPass(tokenizer, (decoder, None), spelling, SecondPassSettings(), 0.04)
    with torch.inference_mode():
        return second_pass.decide(torch.randn(1, 20, 16), log_probs, "mix", shown).text


def test_the_decoder_writes_the_text():
    assert decided_by("这个API.") == "这个 API。"


def test_spaces_that_the_decoder_writes_twice_are_one():
    assert decided_by("response  code", heard="response code") == "response code"


def test_a_decoder_that_makes_things_up_is_not_believed():
    assert decided_by("感谢观看，下期再见，请订阅") == "这个 API。"


def test_words_that_ctc_hears_no_more_in_the_end_are_the_decoders_to_judge():
    assert decided_by("那个API.", heard="") == "那个 API。"
    assert decided_by("", heard="") == ""
    assert decided_by("这个API.", heard="", shown="") == ""


def test_words_that_were_shown_are_the_text_when_the_decoder_hears_quite_others():
    assert decided_by("感谢观看，下期再见，请订阅", heard="") == "这个 API。"


@pytest.mark.parametrize(
    ("written", "words", "most"),
    [
        ("我的端口是 8080。", "我的端口是八零八零", 0.0),
        ("It's at 3:30 p.m.", "it's at three thirty PM", 0.2),
        ("OK, let's go.", "ok let's go", 0.0),
        ("", "", 0.0),
    ],
)
def test_writing_is_not_distance(written, words, most):
    assert distance(written, words) <= most


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("Thank you for watching.", "I"),
        ("今天我们今天我们今天我们今天我们今天我们", "今天我们"),
        ("", "今天我们讨论"),
        ("今", "今天我们讨论"),
    ],
)
def test_much_more_than_was_heard_or_much_less_is_distance(written, words):
    assert distance(written, words) > SecondPassSettings().max_distance


def test_as_much_as_was_heard_is_the_decoders_to_write_whatever_ctc_took_it_for():
    assert distance("妹妹的丈夫", "memo 的张服") <= SecondPassSettings().max_distance
    assert decided_by("那款 APP。") == "那款 APP。"


def test_the_recogniser_does_not_bring_the_dictionary_of_pronunciations_along():
    code = "import sys, dictation.recognizer; sys.exit('pypinyin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_importing_the_package_does_not_import_torch():
    ask = "print('torch' in sys.modules)"
    code = f"import sys, dictation; {ask}; dictation.Recognizer; {ask}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def always_hearing(biases: dict[str, float]) -> Checkpoint:
    """Return a model whose CTC hears the same whatever the sound is: a blank, and characters with
    their biases."""
    checkpoint = tiny_checkpoint()
    with torch.no_grad():
        checkpoint.model.ctc.weight.zero_()
        checkpoint.model.ctc.bias.zero_()
        checkpoint.model.ctc.bias[0] = 9.0
        for characters, bias in biases.items():
            checkpoint.model.ctc.bias[checkpoint.tokenizer.encode(characters)] = bias
    return checkpoint


def nearly_hears_today() -> Recognizer:
    """Return a recogniser that hears nothing, and 今天 nearly as well."""
    return Recognizer(always_hearing({"今天": 6.0}), Placement("cpu", "fp32"))


def test_hot_words_are_followed_while_their_file_changes(tmp_path, caplog):
    recognizer = nearly_hears_today()
    path = tmp_path / "words.txt"
    recognizer.follow_hot_words(path)
    assert recognizer.transcribe(sound(0.5)).words == ""
    path.write_text("今天\t9\n", encoding="utf-8")
    heard_words = recognizer.transcribe(sound(0.5)).words
    assert "今天" in heard_words
    path.write_text("今天\tmuch\n", encoding="utf-8")
    assert recognizer.transcribe(sound(0.5)).words == heard_words
    assert "'much' is no boost" in caplog.text
    path.unlink()
    assert recognizer.transcribe(sound(0.5)).words == ""


def test_hot_words_are_in_the_captions_of_ctc_too():
    recognizer = nearly_hears_today()
    assert heard(recognizer, sound(1.0), 1600)[1].first_pass == ""
    recognizer.use_hot_words(WordList((HotWord("今天", 9.0),)))
    captions, recognition = heard(recognizer, sound(1.0), 1600)
    assert "今天" in captions[-1].text
    assert "今天" in recognition.first_pass
    streams = [recognizer.stream() for _ in range(3)]
    together = recognizer.accept_batch(streams, [sound(1.0)] * 3)
    assert [each.text for each in together] == [captions[-1].text] * 3


def test_what_people_write_weighs_in_unless_it_is_turned_off(tmp_path):
    ngrams = {"zh": read_arpa(write_arpa(tmp_path), "zh")}

    def words(with_ngrams: bool, used: bool) -> str:
        # 讨 is a little louder than 今, but nobody writes it alone.
        checkpoint = always_hearing({"今": 12.0, "讨": 12.2})
        known = replace(checkpoint, ngrams=ngrams if with_ngrams else {})
        settings = SecondPassSettings(language_model=used)
        recognizer = Recognizer(known, Placement("cpu", "fp32"), settings)
        return heard(recognizer, sound(1.0), 1600)[1].first_pass

    assert words(with_ngrams=False, used=True) == words(with_ngrams=True, used=False) == "讨"
    assert words(with_ngrams=True, used=True).startswith("今")


def test_a_phrase_that_cannot_be_spelled_is_named_and_the_others_count(
    recognizer, caplog, tmp_path
):
    words = WordList((HotWord("龘"), HotWord("今天")))
    assert recognizer.use_hot_words(words) == ("龘",)
    assert recognizer.use_hot_words(None) == ()
    (tmp_path / "words.txt").write_text("今天龘\n", encoding="utf-8")
    recognizer.follow_hot_words(tmp_path / "words.txt")
    assert "'今天龘' cannot be listened for" in caplog.text


def test_streams_heard_together_are_recognised_as_each_alone():
    recognizer = Recognizer(tiny_checkpoint(), Placement("cpu", "fp32"))
    sounds = [sound(seconds) for seconds in (3.0, 2.0, 4.0)]
    alone = []
    for samples in sounds:
        stream = recognizer.stream(chunk_ms=320, left_ms=1280)
        partials = [stream.accept(samples[at : at + 1600]) for at in range(0, len(samples), 1600)]
        alone.append(([each.text for each in partials if each], stream.finish_first_pass()))
    streams = [recognizer.stream(chunk_ms=320, left_ms=1280) for _ in sounds]
    shown = [[] for _ in sounds]
    for turn in range(60):
        # The second begins later than the others, the third ends last.
        at = [1600 * (turn - delay) for delay in (0, 7, 0)]
        parts = [
            samples[max(0, first) : max(0, first + 1600)]
            for samples, first in zip(sounds, at, strict=True)
        ]
        for texts, partial in zip(shown, recognizer.accept_batch(streams, parts), strict=True):
            texts += [partial.text] if partial else []
    assert [
        (texts, stream.finish_first_pass()) for texts, stream in zip(shown, streams, strict=True)
    ] == alone
    assert all(texts for texts, _ in alone)


def windowed(window_ms: int) -> Recognizer:
    return Recognizer(tiny_checkpoint(), Placement("cpu", "fp32"), window_ms=window_ms)


def captioned(stream, samples, block=5_120):
    parts = [samples[first : first + block] for first in range(0, len(samples), block)]
    partials = [partial for part in parts if (partial := stream.accept(part))]
    return [each.text for each in partials], stream.finish_first_pass()


def standing_still() -> float:
    return 0.0


@pytest.mark.parametrize(("window_ms", "seconds"), [(640, 4.0), (1280, 5.3), (1280, 0.2)])
def test_a_window_ends_with_what_chunks_of_its_length_hear(window_ms, seconds):
    samples = sound(seconds)
    shown, last = captioned(windowed(window_ms).stream(clock=standing_still), samples)
    plain = captioned(windowed(0).stream(clock=standing_still, chunk_ms=window_ms), samples)[1]
    assert last == plain
    assert len(shown) == int(seconds / 0.33)


def test_what_is_heard_again_is_heard_as_one_chunk_with_what_comes_after_it():
    samples = sound(1.0)
    stream = windowed(1280).stream(clock=standing_still)
    shown, _ = captioned(stream, samples)
    longer = windowed(0).stream(clock=standing_still, chunk_ms=960)
    assert shown[-1] == longer.accept(samples).text
    assert shown[-1] != captioned(windowed(0).stream(clock=standing_still), samples)[0][-1]


def test_sound_that_has_waited_is_encoded_at_once():
    stream, steps = windowed(1280).stream(clock=standing_still), []

    def step(features, *arguments, real=stream._placed.step):
        steps.append(features.size(1))
        return real(features, *arguments)

    stream._placed.step = step
    stream.accept(sound(3.0))
    assert [size for size in steps if size >= 32] == [128, 128, 32]
    stream.accept(sound(0.7))
    assert [size for size in steps if size >= 32] == [128, 128, 32, 96]


def test_a_slow_processor_hears_nothing_again():
    ticks = itertools.count()
    samples = sound(4.0)
    slow = windowed(1280).stream(clock=lambda: next(ticks) * 0.2)
    assert captioned(slow, samples) == captioned(windowed(0).stream(), samples)


def test_streams_with_windows_are_heard_together_as_each_alone():
    recognizer = windowed(960)
    sounds = [sound(4.0), sound(3.0)[::-1].copy()]
    alone = [
        captioned(recognizer.stream(clock=standing_still, left_ms=1280), each) for each in sounds
    ]
    streams = [recognizer.stream(clock=standing_still, left_ms=1280) for _ in sounds]
    for turn in range(14):
        first = 5_120 * turn
        recognizer.accept_batch(streams, [each[first : first + 5_120] for each in sounds])
    assert [stream.finish_first_pass() for stream in streams] == [last for _, last in alone]


@pytest.mark.parametrize("full_at", [0, 1, 4, "final"])
def test_where_the_device_is_full_the_utterance_goes_on_on_the_cpu(full_at, monkeypatch, caplog):
    samples = sound(3.0)
    expected = heard(Recognizer(tiny_checkpoint(), Placement("cpu", "fp32")), samples, 1_600)
    # Another name for the CPU stands in for a device.
    recognizer = Recognizer(tiny_checkpoint(), Placement("cpu:0", "fp32"))
    encoder = recognizer._model.encoder
    steps = itertools.count()

    def fail_if(full):
        if full and recognizer._placed.placement.device != "cpu":
            raise torch.OutOfMemoryError("CUDA out of memory")

    def step(*arguments, real=encoder.step):
        fail_if(next(steps) == full_at)
        return real(*arguments)

    def forward(*arguments, real=encoder.forward):
        fail_if(full_at == "final")
        return real(*arguments)

    monkeypatch.setattr(encoder, "step", step)
    monkeypatch.setattr(encoder, "forward", forward)
    partials, final = heard(recognizer, samples, 1_600)
    assert [each.text for each in partials] == [each.text for each in expected[0]]
    assert final.text == expected[1].text
    assert final.first_pass == expected[1].first_pass
    assert recognizer.description.endswith("cpu, fp32")
    assert "cpu:0 has no memory left: recognising on the CPU from now on" in caplog.text


def test_a_cpu_without_memory_is_an_error(recognizer, monkeypatch):
    def step(*_):
        raise torch.OutOfMemoryError("no memory")

    monkeypatch.setattr(recognizer._model.encoder, "step", step)
    with pytest.raises(torch.OutOfMemoryError):
        heard(recognizer, sound(1.0), 1_600)
