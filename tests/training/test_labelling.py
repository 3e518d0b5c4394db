"""Teacher labels, with a teacher that only pretends."""

import json
import sys
from types import ModuleType, SimpleNamespace

import pytest

from dictation.errors import DictationError
from dictation.training.labelling import label_manifest
from dictation.training.manifest import ManifestError

SAID = {
    "good.opus": [SimpleNamespace(text=" Hello there.", avg_logprob=-0.3, compression_ratio=1.0)],
    "traditional.opus": [SimpleNamespace(text="這個軟體", avg_logprob=-0.2, compression_ratio=1.0)],
    "unsure.opus": [SimpleNamespace(text=" Hm.", avg_logprob=-0.9, compression_ratio=1.0)],
    "loop.opus": [SimpleNamespace(text=" no no no", avg_logprob=-0.1, compression_ratio=3.0)],
    "silent.opus": [],
}


@pytest.fixture
def heard(monkeypatch):
    calls = []

    class WhisperModel:
        def __init__(self, folder, **options):
            vocabulary = {"a": 1, "12": 2, "%": 3}
            self.hf_tokenizer = SimpleNamespace(get_vocab=lambda: vocabulary)

        def transcribe(self, audio, **options):
            calls.append((audio, options))
            return iter(SAID[audio.rsplit("/", 1)[-1]]), None

    module = ModuleType("faster_whisper")
    module.WhisperModel = WhisperModel
    monkeypatch.setitem(sys.modules, "faster_whisper", module)
    return calls


@pytest.fixture
def teacher(tmp_path):
    folder = tmp_path / "teacher"
    folder.mkdir()
    (folder / "model.bin").touch()
    return folder


@pytest.fixture
def manifest(tmp_path):
    lines = [{"audio": name, "text": None, "lang": "en", "duration": 1.8} for name in SAID]
    lines.append({"audio": "read.opus", "text": "Known.", "lang": "en", "duration": 1.8})
    path = tmp_path / "speech" / "manifest.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_unsure_and_repeating_texts_are_dropped(heard, manifest, teacher, tmp_path):
    out = tmp_path / "labels" / "set.jsonl"
    report = label_manifest(manifest, teacher, out, lambda done, total: None, language="en")
    assert (report.labelled, report.dropped) == (3, 3)
    assert report.hours == pytest.approx(0.0015)
    assert [line["text"] for line in read(out)] == ["Hello there.", "这个软体", "Known."]
    assert len(read(out.with_suffix(".dropped.jsonl"))) == 3
    assert all(line["audio"].startswith(str(manifest.parent)) for line in read(out))


def test_numbers_are_spelt_out_and_known_texts_are_not_heard_again(
    heard, manifest, teacher, tmp_path
):
    label_manifest(manifest, teacher, tmp_path / "out.jsonl", lambda done, total: None, beam=3)
    assert len(heard) == 5
    assert heard[0][1]["suppress_tokens"] == [-1, 2, 3]
    assert heard[0][1]["beam_size"] == 3


def test_paths_stay_relative_beside_the_manifest_and_a_second_run_does_nothing(
    heard, manifest, teacher, tmp_path
):
    out = manifest.parent / "labelled.jsonl"
    steps = []
    first = label_manifest(manifest, teacher, out, lambda done, total: steps.append((done, total)))
    assert steps[-1] == (6, 6)
    assert read(out)[0]["audio"] == "good.opus"
    again = label_manifest(manifest, teacher, out, lambda done, total: None)
    assert again == first
    assert len(heard) == 5


def test_a_line_that_a_kill_cut_short_is_written_again(heard, manifest, teacher, tmp_path):
    out = tmp_path / "out.jsonl"
    first = label_manifest(manifest, teacher, out, lambda done, total: None)
    whole = out.read_text(encoding="utf-8")
    out.write_text(whole[:-5], encoding="utf-8")
    assert label_manifest(manifest, teacher, out, lambda done, total: None) == first
    assert out.read_text(encoding="utf-8") == whole


@pytest.mark.parametrize(
    ("written", "message"),
    [(None, "none.jsonl: No such file"), ("{", "line 1"), ('{"audio": "a"}', "'duration'")],
)
def test_a_manifest_that_cannot_be_read_is_named(heard, teacher, tmp_path, written, message):
    broken = tmp_path / "none.jsonl"
    if written is not None:
        broken.write_text(written, encoding="utf-8")
    with pytest.raises(ManifestError, match=message):
        label_manifest(broken, teacher, tmp_path / "out.jsonl", lambda done, total: None)


def test_a_teacher_is_never_fetched(heard, manifest, tmp_path):
    with pytest.raises(DictationError, match=r"base: no faster-whisper model in it"):
        label_manifest(manifest, tmp_path / "base", tmp_path / "o.jsonl", lambda done, total: None)
