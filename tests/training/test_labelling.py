"""Teacher labels, with a teacher that only pretends."""

import json
import sys
from types import ModuleType, SimpleNamespace

import pytest

from dictation.training.labelling import label_manifest

SAID = {
    "good.opus": [SimpleNamespace(text=" Hello there.", avg_logprob=-0.3, compression_ratio=1.0)],
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
def manifest(tmp_path):
    lines = [{"audio": name, "text": None, "lang": "en", "duration": 1.8} for name in SAID]
    lines.append({"audio": "read.opus", "text": "Known.", "lang": "en", "duration": 1.8})
    path = tmp_path / "speech" / "manifest.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_unsure_and_repeating_texts_are_dropped(heard, manifest, tmp_path):
    out = tmp_path / "labels" / "set.jsonl"
    report = label_manifest(manifest, tmp_path, out, lambda done, total: None, language="en")
    assert (report.labelled, report.dropped) == (2, 3)
    assert report.hours == pytest.approx(0.001)
    assert [line["text"] for line in read(out)] == ["Hello there.", "Known."]
    assert len(read(out.with_suffix(".dropped.jsonl"))) == 3
    assert all(line["audio"].startswith(str(manifest.parent)) for line in read(out))


def test_numbers_are_spelt_out_and_known_texts_are_not_heard_again(heard, manifest, tmp_path):
    label_manifest(manifest, tmp_path, tmp_path / "out.jsonl", lambda done, total: None, beam=3)
    assert len(heard) == 4
    assert heard[0][1]["suppress_tokens"] == [-1, 2, 3]
    assert heard[0][1]["beam_size"] == 3


def test_paths_stay_relative_beside_the_manifest_and_a_second_run_does_nothing(
    heard, manifest, tmp_path
):
    out = manifest.parent / "labelled.jsonl"
    steps = []
    first = label_manifest(manifest, tmp_path, out, lambda done, total: steps.append((done, total)))
    assert steps[-1] == (5, 5)
    assert read(out)[0]["audio"] == "good.opus"
    again = label_manifest(manifest, tmp_path, out, lambda done, total: None)
    assert again == first
    assert len(heard) == 4
