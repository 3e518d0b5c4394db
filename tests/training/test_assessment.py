"""A model held against manifests: what is counted, and what is said of broken ones."""

import json
from dataclasses import replace

import pytest

from dictation.recognizer import Recognizer
from dictation.training.assessment import (
    AssessmentError,
    Heard,
    Times,
    assess,
    read_recordings,
    score,
    shortened,
    summarize,
)
from dictation.training.manifest import ManifestError, Utterance
from tests.manifests import write_manifest
from tests.tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory):
    return Recognizer.load(
        write_tiny_model(tmp_path_factory.mktemp("tiny")), precision="fp32", threads=1
    )


def heard(said, written, text, words=""):
    utterance = Utterance("a.wav", said, written, "mix", None, 1.0)
    return Heard(utterance, 1.0, "mix", words, text, {}, None, Times({}, 0.1))


def test_the_final_text_may_be_as_said_or_as_written_and_the_words_are_as_said():
    said, written = "四零四 error", "404 error"
    scored = score(heard(said, written, "404 error.", words="四零 error"), has_written=True)
    assert scored.text.errors == 0
    assert (scored.words.deletions, scored.words.reference) == (1, 4)
    for right in ("四零四 error", "404error"):
        assert score(heard(said, written, right), has_written=True).text.errors == 0
    assert score(heard(said, written, "405 error"), has_written=True).text.errors == 1


def test_characters_are_counted_before_and_after_formatting_marks_and_capitals_too():
    given = heard("四零四 error", "404 error.", "四零四 Error")
    scored = score(replace(given, formatted="404 Error."), has_written=True)
    assert scored.unformatted.errors == 5
    assert (scored.formatted.errors, scored.formatted.reference) == (1, 9)
    assert score(given, has_written=True).formatted is None


def test_each_final_text_can_be_scored_as_it_is_delivered(recognizer, tmp_path):
    manifest = write_manifest(tmp_path, [("四零四", "zh")])
    recordings = replace(read_recordings(manifest), has_written=True)
    (scored,) = assess(recognizer, recordings, (), lambda seconds: None, lambda text, timed: "404")
    assert scored.heard.formatted == "404"
    assert summarize("a", [manifest], [scored]).rates[0].formatted == scored.formatted


def test_what_the_second_pass_gains_and_chunks_lose_is_told_of_the_same_words(recognizer, tmp_path):
    manifest = write_manifest(tmp_path, [("好的", "zh")])
    given = heard("好的 吗", "好的 吗", "好的", words="好")
    given = replace(given, first_passes={320: ""}, times=Times({320: 0.1}, 0.1))
    (row,) = summarize("a", [manifest], [score(given, has_written=True)]).rates
    assert row.second_pass_gain == pytest.approx(0.5)  # one error of three, then, not two
    assert row.chunk_loss(320) == pytest.approx(1 / 3)
    assert row.chunk_loss(640) is None
    faultless = score(replace(given, words="好的 吗"), has_written=True)
    assert summarize("a", [manifest], [faultless]).rates[0].second_pass_gain is None


def test_only_a_set_in_which_nobody_speaks_is_shortened(tmp_path):
    (tmp_path / "noise").mkdir()
    noise = read_recordings(write_manifest(tmp_path / "noise", [(None, "noise")] * 6))
    assert len(shortened(noise, 2.0).utterances) == 2
    assert shortened(noise, 60.0) == noise
    speech = read_recordings(write_manifest(tmp_path, [("好的", "zh"), (None, "noise")]))
    assert shortened(speech, 1.0) == speech


def test_without_written_texts_digits_are_as_good_as_words():
    for text in ("404 error.", "四零四 error"):
        assert (
            score(heard("四零四 error", "四零四 error", text), has_written=False).text.errors == 0
        )


def test_a_set_is_recognised_and_summed_up_by_language(recognizer, tmp_path):
    manifest = write_manifest(
        tmp_path, [("好的", "zh"), ("hello there", "en"), ("好的 bye", "mix"), (None, "noise")]
    )
    recordings = read_recordings(manifest)
    done: list[float] = []
    scored = list(assess(recognizer, recordings, (320, 640), done.append))
    assessment = summarize(recordings.name, [manifest], scored)
    assert sum(done) == pytest.approx(4.0)
    assert [(row.spoken, row.measure) for row in assessment.rates] == [
        ("en", "WER"),
        ("zh", "CER"),
        ("mix", "MER"),
        ("all", "MER"),
    ]
    by_language = {row.spoken: row for row in assessment.rates}
    chinese = by_language["zh"]
    assert list(chinese.first_passes) == [320, 640]
    for edits in (chinese.words, chinese.text, *chinese.first_passes.values()):
        assert (edits.rate, edits.reference) == (0.0, 2)
    assert by_language["en"].words.substitutions == 2
    assert by_language["mix"].words.deletions == 1
    assert by_language["all"].words.reference == 2 + 2 + 3
    assert assessment.languages.total == 3
    assert (assessment.no_speech.utterances, assessment.no_speech.words) == (1, 2)
    assert assessment.hours == pytest.approx(4.0 / 3600)
    assert assessment.final_factor > 0
    assert set(assessment.first_pass_factors) == {320, 640}
    assert assessment.no_speech.captioned == {320: 2, 640: 2}


def test_a_limit_takes_utterances_from_all_over_the_manifest(tmp_path):
    manifest = write_manifest(tmp_path, [("一" * (n + 1), "zh") for n in range(6)])
    texts = [each.text for each in read_recordings(manifest, 3).utterances]
    assert [len(text) for text in texts] == [1, 3, 5]


def test_missing_recordings_are_counted_before_anything_is_recognised(tmp_path):
    manifest = write_manifest(tmp_path, [("好的", "zh"), ("好的", "zh")])
    (tmp_path / "1.wav").unlink()
    with pytest.raises(AssessmentError, match=r"1 of 2 recordings are missing, first .*1\.wav"):
        read_recordings(manifest)


def test_a_manifest_without_texts_is_refused(tmp_path):
    manifest = write_manifest(tmp_path, [(None, "zh")])
    with pytest.raises(AssessmentError, match="no utterance with a text"):
        read_recordings(manifest)


@pytest.mark.parametrize("line", ["{", json.dumps({"audio": "a.wav"}), "[]"])
def test_a_broken_manifest_is_refused_with_the_line(tmp_path, line):
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(line + "\n")
    with pytest.raises(ManifestError, match="line 1"):
        read_recordings(manifest)
