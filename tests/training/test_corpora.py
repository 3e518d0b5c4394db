"""Manifests from corpora laid out as they are published."""

import json

import numpy as np
import pytest
import soundfile

from dictation.text.normalize import spoken_form
from dictation.training.corpora import CorpusError, CorpusName, write_manifests
from dictation.training.data import load_samples
from dictation.training.manifest import read_manifest


def write_sound(path, seconds, tone=440.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = 0.3 * np.sin(np.arange(int(16_000 * seconds)) * 2 * np.pi * tone / 16_000)
    soundfile.write(path, samples.astype(np.float32), 16_000)


def no_progress(_part, _count):
    pass


@pytest.fixture
def aishell(tmp_path):
    root = tmp_path / "aishell" / "data_aishell"
    lines = []
    for part, speaker, name in (
        ("train", "S0002", "BAC009S0002W0122"),
        ("train", "S0002", "BAC009S0002W0123"),
        ("dev", "S0724", "BAC009S0724W0121"),
        ("test", "S0764", "BAC009S0764W0121"),
    ):
        write_sound(root / "wav" / part / speaker / f"{name}.wav", 1.0)
        lines.append(f"{name} 而 对 楼市 成交\n")
    (root / "transcript").mkdir()
    (root / "transcript" / "aishell_transcript_v0.8.txt").write_text("".join(lines))
    return tmp_path / "aishell"


def test_aishell(aishell, tmp_path):
    parts = write_manifests(CorpusName.AISHELL, aishell, tmp_path / "out", no_progress)
    assert {part.manifest.name: part.utterances for part in parts} == {
        "train.jsonl": 2,
        "dev.jsonl": 1,
        "test.jsonl": 1,
    }
    utterances = read_manifest(tmp_path / "out" / "train.jsonl")
    assert {u.text for u in utterances} == {"而对楼市成交"}
    assert {(u.language, u.speaker, u.duration) for u in utterances} == {("zh", "S0002", 1.0)}
    assert all(u.audio.is_file() for u in utterances)


def test_librispeech(tmp_path):
    chapter = tmp_path / "LibriSpeech" / "dev-clean" / "84" / "121123"
    for number in (0, 1):
        write_sound(chapter / f"84-121123-000{number}.flac", 1.5)
    (chapter / "84-121123.trans.txt").write_text(
        "84-121123-0000 GO DO YOU HEAR\n84-121123-0001 BUT IN LESS THAN FIVE MINUTES\n"
    )
    root = tmp_path / "LibriSpeech"
    (part,) = write_manifests(CorpusName.LIBRISPEECH, root, tmp_path / "out", no_progress)
    assert (part.manifest.name, part.utterances) == ("dev-clean.jsonl", 2)
    assert [u.language for u in read_manifest(part.manifest)] == ["en", "en"]


def test_english_in_talcs_is_not_taken_for_acronyms(tmp_path):
    root = tmp_path / "talcs"
    for part in ("train_set", "dev_set", "test_set"):
        folder = root / "TALCS_corpus" / part
        write_sound(folder / "wav" / f"{part}-1.wav", 1.0)
        (folder / "label.txt").write_text(f"{part}-1 然后 he is always 下面呢\n", encoding="utf-8")
    parts = write_manifests(CorpusName.TALCS, root, tmp_path / "out", no_progress)
    assert {part.manifest.stem for part in parts} == {"train_set", "dev_set", "test_set"}
    (utterance,) = read_manifest(tmp_path / "out" / "train_set.jsonl")
    assert spoken_form(utterance.text) == "然后 he is always 下面呢"
    assert utterance.language == "mix"


# lhotse leaves the corpus's list for the garbage collector to close.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_utterances_of_a_long_recording_are_cut_out_of_it(tmp_path):
    root = tmp_path / "wenetspeech"
    long = root / "audio" / "dev" / "youtube" / "B00000" / "Y1.opus.wav"
    long.parent.mkdir(parents=True)
    first = 0.3 * np.sin(np.arange(16_000) * 0.1).astype(np.float32)
    soundfile.write(long, np.concatenate([first, np.zeros(16_000, np.float32)]), 16_000)
    subsets = ["L", "M", "S", "DEV", "TEST_NET", "TEST_MEETING"]
    segment = {"confidence": 1.0, "subsets": subsets, "sid": "Y1_S0", "text": "今天 讨论"}
    other = {"confidence": 1.0, "subsets": subsets, "sid": "Y1_S1", "text": "没有声音"}
    audio = {
        "aid": "Y1",
        "duration": 2.0,
        "md5": "",
        "path": "audio/dev/youtube/B00000/Y1.opus.wav",
        "source": "youtube",
        "tags": [],
        "segments": [
            {**segment, "begin_time": 0.0, "end_time": 1.0},
            {**other, "begin_time": 1.0, "end_time": 2.0},
        ],
    }
    (root / "WenetSpeech.json").write_text(json.dumps({"audios": [audio]}, ensure_ascii=False))
    parts = write_manifests(CorpusName.WENETSPEECH, root, tmp_path / "out", no_progress)
    assert {part.manifest.stem for part in parts} == set(subsets)
    spoken, silent = read_manifest(tmp_path / "out" / "DEV.jsonl")
    assert (spoken.duration, silent.duration) == (1.0, 1.0)
    assert np.abs(load_samples(spoken.audio)).max() > 0.25
    assert np.abs(load_samples(silent.audio)).max() < 0.01


def test_a_folder_that_holds_something_else_is_named(tmp_path):
    with pytest.raises(CorpusError, match="no such folder"):
        write_manifests(CorpusName.AISHELL, tmp_path / "none", tmp_path / "out", no_progress)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="empty: not laid out as aishell is published"):
        write_manifests(CorpusName.AISHELL, tmp_path / "empty", tmp_path / "out", no_progress)
