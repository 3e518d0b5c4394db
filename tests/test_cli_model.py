"""The commands about models: what they print, and how they say what is wrong."""

import json

import pytest
from typer.testing import CliRunner

from dictation.cli import told
from dictation.cli.app import app
from dictation.cli.corpus import report_lines
from dictation.training.synthesis import SynthesisReport
from tests.manifests import write_manifest
from tests.tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(write_tiny_model(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[model]\nprecision = 'fp32'\nthreads = 1\n")
    return str(path)


@pytest.fixture
def complaint(capsys):
    """What a command that cannot do its work says: one line, with exit status 1."""

    def call(*arguments: str) -> str:
        assert told(lambda: app(arguments, standalone_mode=False)) == 1
        line = capsys.readouterr().err
        assert line.startswith("dictation: ")
        assert line.count("\n") == 1
        return line

    return call


def evaluated(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["evaluate", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


@pytest.fixture
def two_sets(tmp_path):
    sets = []
    for name, entries in {
        "zh-dev": [("好的", "zh"), ("好", "zh")],
        "mix-dev": [("好的 bye", "mix"), (None, "noise")],
    }.items():
        (tmp_path / name).mkdir()
        sets += ["--manifest", str(write_manifest(tmp_path / name, entries))]
    return sets


def test_evaluate_prints_a_table_for_people(two_sets, model, config):
    lines = evaluated(*two_sets, "--model", model, "--config", config, "--stream").splitlines()
    assert lines[0].startswith("tiny, ")
    rows = [line.split() for line in lines]
    assert ["zh-dev", "zh", "CER", "text", "2", "0.0", "33.3", "%", "0", "0", "1"] in rows
    assert ["mix-dev", "mix", "MER", "words", "1", "0.0", "33.3", "%", "0", "1", "0"] in rows
    assert any("all sets" in line and "MER 320 ms" in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_evaluate_prints_json_for_programs_and_writes_what_it_heard(
    two_sets, model, config, tmp_path
):
    heard = tmp_path / "heard.jsonl"
    arguments = [*two_sets, "--model", model, "--config", config, "--hypotheses", str(heard)]
    values = json.loads(evaluated(*arguments, "--json"))
    assert [each["set"] for each in values["sets"]] == ["zh-dev", "mix-dev", "all sets"]
    chinese = values["sets"][0]["rates"]["zh"]
    assert (chinese["measure"], chinese["utterances"]) == ("CER", 2)
    assert chinese["words"] == {
        "rate": 0.33333,
        "reference": 3,
        "substitutions": 0,
        "deletions": 0,
        "insertions": 1,
    }
    assert chinese["first_pass"] == chinese["chunk_loss"] == {}
    assert chinese["second_pass_gain"] == 0.0
    assert values["sets"][1]["no_speech"] == {
        "utterances": 1,
        "with_text": 1,
        "words": 2,
        "first_pass": {},
    }
    assert sum(values["sets"][2]["language"]["confusion"]["zh"].values()) == 2
    assert values["sets"][2]["real_time_factor"]["final"] > 0
    lines = [json.loads(line) for line in heard.read_text().splitlines()]
    assert [line["words"] for line in lines] == ["好的"] * 4
    assert lines[2]["errors"] == {"reference": 3, "words": 1, "text": 1, "first_pass": {}}


def test_both_sizes_of_chunk_may_be_asked_for_at_once(two_sets, model, config):
    arguments = [*two_sets, "--model", model, "--config", config, "--json", "--stream"]
    values = json.loads(evaluated(*arguments, "--chunk-ms", "640", "--chunk-ms", "320"))
    assert values["chunks_ms"] == [320, 640]
    everything = values["sets"][-1]
    assert set(everything["rates"]["all"]["first_pass"]) == {"320 ms", "640 ms"}
    assert everything["rates"]["all"]["chunk_loss"] == {"320 ms": 0.0, "640 ms": 0.0}
    assert everything["no_speech"]["first_pass"] == {"320 ms": 2, "640 ms": 2}
    assert set(everything["real_time_factor"]["first_pass"]) == {"320 ms", "640 ms"}


def test_evaluate_tells_languages_by_the_length_of_what_was_heard(two_sets, model, config):
    arguments = [*two_sets, "--model", model, "--config", config, "--lengths"]
    rows = json.loads(evaluated(*arguments, "--json"))
    assert [row["seconds"] for row in rows] == [0.5, 1.0, 2.0, 5.0]
    heard = [sum(row["confusion"]["zh"].values()) for row in rows]
    assert heard == [2, 2, 0, 0]  # of a second each; the one of noise is in no language
    assert any(line.split()[:2] == ["1", "s"] for line in evaluated(*arguments).splitlines())


def test_evaluate_sets_precisions_side_by_side(two_sets, model, config):
    arguments = [*two_sets, "--model", model, "--config", config]
    arguments += ["--precision", "fp32", "--precision", "int8"]
    rows = json.loads(evaluated(*arguments, "--json"))
    assert [(row["set"], row["precision"]) for row in rows] == [
        (name, precision)
        for precision in ("fp32", "int8")
        for name in ("zh-dev", "mix-dev", "all sets")
    ]
    assert [row["text_change"] for row in rows[:3]] == [0.0] * 3
    for first, row in zip(rows[:3], rows[3:], strict=True):
        assert row["words_change"] == pytest.approx(100 * (row["words"] - first["words"]))
    lines = evaluated(*arguments).splitlines()
    assert sum("int8" in line for line in lines) == 3
    assert any("against fp32" in line for line in lines)


def test_evaluate_says_in_one_line_what_is_missing(two_sets, model, tmp_path, complaint):
    nowhere = str(tmp_path / "nowhere.jsonl")
    line = complaint("evaluate", "--manifest", nowhere, "--model", model)
    assert "nowhere.jsonl: No such file or directory" in line
    (tmp_path / "mix-dev" / "0.wav").unlink()
    line = complaint("evaluate", *two_sets, "--model", model)
    assert "1 of 2 recordings are missing" in line
    assert "mix-dev/0.wav" in line
    assert "there is no model" in complaint("evaluate", *two_sets[:2], "--model", "nowhere")


def test_a_recording_that_is_no_sound_is_one_line(model, config, tmp_path, complaint):
    manifest = write_manifest(tmp_path, [("好的", "zh")])
    (tmp_path / "0.wav").write_text("no sound")
    arguments = ["--manifest", str(manifest), "--model", model, "--config", config]
    assert "0.wav is not an audio or video file" in complaint("evaluate", *arguments)


def test_a_training_configuration_is_checked_before_anything_starts(tmp_path, complaint):
    path = tmp_path / "train.toml"
    path.write_text("out = 'runs'\nstepz = 3\n")
    assert "train.toml" in complaint("train", str(path))
    assert "none.toml" in complaint("train", str(tmp_path / "none.toml"))


def test_labelling_without_a_teacher_is_refused_in_a_line(tmp_path, complaint):
    manifest = str(write_manifest(tmp_path, [(None, "en")]))
    out = str(tmp_path / "labelled.jsonl")
    assert "model.bin" in complaint("label", manifest, str(tmp_path), out)


def test_clips_and_labels_that_cannot_be_written_are_refused_in_a_line(tmp_path, complaint):
    sentences, no_folder = tmp_path / "pairs.tsv", tmp_path / "pairs.tsv" / "corpus"
    sentences.write_text("Good morning.\t早上好。\n", encoding="utf-8")
    arguments = ["--out", str(no_folder), "--clips", "1", "--tatoeba", str(sentences)]
    assert "Not a directory" in complaint("synthesize", *arguments)
    manifest = str(write_manifest(tmp_path, [(None, "en")]))
    assert f"{tmp_path}: Is a directory" in complaint(
        "label", manifest, str(tmp_path), str(tmp_path)
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate"],
        ["label", "manifest.jsonl"],
        ["evaluate", "--manifest", "m.jsonl", "--chunk-ms", "100"],
        ["evaluate", "--manifest", "m.jsonl", "--limit", "0"],
        ["synthesize"],
        ["synthesize", "--out", "corpus"],
        ["train"],
        ["bench", "--threads", "0"],
    ],
)
def test_wrong_usage_has_exit_status_2(arguments):
    assert CliRunner().invoke(app, arguments).exit_code == 2


def test_a_synthesized_set_is_summed_up_by_language(tmp_path):
    report = SynthesisReport(tmp_path / "m.jsonl", 12, 3, {"zh": 0.5, "mix": 0.25}, {"mix": 0.125})
    assert report_lines(report)[1:] == [
        "  zh  0.50 h",
        " mix  0.25 h, read back with 12.5 % errors",
    ]


def test_names_are_counted_in_texts_as_they_are_delivered(model, config, tmp_path):
    manifest, words = write_manifest(tmp_path, [("郝的", "zh")]), tmp_path / "words.txt"
    words.write_text("郝的\n")
    arguments = ["--manifest", str(manifest), "--hot-words", str(words), "--json"]
    values = json.loads(evaluated(*arguments, "--model", model, "--config", config))
    # The tiny model cannot spell 郝, which sounds like 好.
    assert values["unspellable"] == ["郝的"]
    assert [values[label]["written"] for label in ("without", "with")] == [0, 1]
    assert [values[label]["error_rate"] for label in ("without", "with")] == [0.5, 0.0]
