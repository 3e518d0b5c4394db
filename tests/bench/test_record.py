"""One file holds all that was measured, and two of them are compared beyond the noise."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from dictation.bench.comparison import compare
from dictation.bench.figures import Figure, Spread
from dictation.bench.live import word_delays
from dictation.bench.record import Record, folder_hash, read_record, write_record
from dictation.bench.running import delivery_figure
from dictation.cli import told
from dictation.cli.app import app
from dictation.errors import DictationError
from dictation.events import Partial, TimedWord
from dictation.history import Entry, History, HistorySettings
from tests.manifests import write_manifest
from tests.records import a_record
from tests.tiny_model import write_tiny_model


def test_a_record_is_read_as_it_was_written(tmp_path):
    write_record(a_record(), tmp_path / "a.json")
    assert read_record(tmp_path / "a.json") == a_record()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "a.json is not of `dictation bench all`: the file: Invalid JSON"),
        (b'{"format": 1}', "a.json is not of `dictation bench all`: date: Field required"),
    ],
)
def test_another_file_is_told_in_one_line(tmp_path, content, complaint):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DictationError, match="is not of") as caught:
        read_record(tmp_path / "a.json")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_record_of_another_format_and_a_missing_one_are_refused(tmp_path):
    write_record(replace(a_record(), format=99), tmp_path / "a.json")
    with pytest.raises(DictationError, match="is of format 99, not 2"):
        read_record(tmp_path / "a.json")
    with pytest.raises(DictationError, match="cannot be read: No such file"):
        read_record(tmp_path / "b.json")


def test_the_hash_of_a_model_is_that_of_names_and_contents(tmp_path):
    (tmp_path / "weights").write_bytes(b"1")
    before = folder_hash(tmp_path)
    assert folder_hash(tmp_path) == before
    (tmp_path / "MODEL_CARD.md").write_text("quotes figures of this model")
    assert folder_hash(tmp_path) == before
    (tmp_path / "weights").write_bytes(b"2")
    assert folder_hash(tmp_path) != before
    (tmp_path / "weights").write_bytes(b"1")
    (tmp_path / "weights").rename(tmp_path / "others")
    assert folder_hash(tmp_path) != before


def verdicts(first, second):
    return {each.name: each.verdict for each in compare(first, second)}


def test_what_is_within_the_noise_is_the_same():
    assert set(verdicts(a_record(), a_record(slower=1.03, errors=0.21)).values()) == {"same"}


def test_what_is_beyond_the_noise_is_worse_one_way_and_better_the_other():
    slow, fast = a_record(slower=1.5, errors=0.3), a_record()
    changed = {"final_10_s", "rtf_whole", "dev, en: WER, final text"}
    for first, second, way in ((fast, slow, "worse"), (slow, fast, "better")):
        found = verdicts(first, second)
        assert {name for name, verdict in found.items() if verdict != "same"} == changed
        assert {found[name] for name in changed} == {way}
    ratios = {each.name: each.ratio for each in compare(fast, slow)}
    assert ratios["final_10_s"] == pytest.approx(1.5)
    assert ratios["dev, en: WER, final text"] == pytest.approx(1.5)


def test_a_few_measurements_are_not_surer_than_one():
    def twice(milliseconds: float) -> Record:
        spread = Spread(*[milliseconds] * 5, 2)
        return replace(a_record(), figures=(Figure("final_2_s", "ms", "of 2 s", spread),))

    assert verdicts(twice(100.0), twice(108.0))["final_2_s"] == "same"
    assert verdicts(twice(100.0), twice(120.0))["final_2_s"] == "worse"


def test_what_only_one_of_them_measured_is_not_compared():
    assert "daemon_memory" not in verdicts(a_record(), a_record())
    fewer = replace(a_record(), figures=(), names=())
    assert all(name.startswith("dev") for name in verdicts(fewer, a_record()))


def test_two_files_are_compared_on_the_command_line(tmp_path):
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    write_record(a_record(), first)
    write_record(replace(a_record(slower=1.5), date="2026-01-03"), second)
    done = CliRunner().invoke(app, ["bench", "compare", str(first), str(second)])
    assert done.exit_code == 0
    line = next(line for line in done.stdout.splitlines() if "final_10_s" in line)
    assert "1.50" in line
    assert "worse" in line


def test_a_word_is_in_the_captions_once_there_are_as_many_words():
    timed = [TimedWord("好", 0.5, 0.8, 1.0), TimedWord("的", 0.8, 1.0, 1.0)]
    captions = [
        Partial(1, "", "好", None, 101.0),
        Partial(1, "好", "", None, 101.3),
    ]
    assert word_delays(100.0, timed, captions) == pytest.approx([0.2])


def test_deliveries_are_read_off_the_history_and_nothing_is_forgotten(tmp_path):
    assert delivery_figure(tmp_path / "history.db").value is None
    assert not (tmp_path / "history.db").exists()
    history = History.open(tmp_path / "history.db", HistorySettings(), lambda: 1000.0)
    for seconds in (0.03, 0.05, None):
        entry = history.add(Entry(at=1.0, application=None, language="en", raw="a", text="A"))
        history.mark(entry, "delivered", delivery=seconds)
    figure = delivery_figure(tmp_path / "history.db")
    assert len(history.all()) == 3
    history.close()
    assert (figure.value.p50, figure.value.worst, figure.value.count) == (30.0, 50.0, 2)


def test_everything_is_measured_into_one_file(tmp_path):
    model = write_tiny_model(tmp_path / "tiny")
    config = tmp_path / "config.toml"
    config.write_text("[model]\nprecision = 'fp32'\nthreads = 1\n")
    manifest, out = write_manifest(tmp_path, [("好的", "zh")]), tmp_path / "numbers.json"
    words = tmp_path / "words.txt"
    words.write_text("好的\n")
    arguments = ["bench", "all", "--json", str(out), "--model", str(model), "--config", str(config)]
    arguments += ["--repetitions", "1", "--seconds", "0.5", "--utterances", "1"]
    arguments += ["--manifest", str(manifest), "--limit", "1", "--silence", "11"]
    arguments += ["--hot-words", str(words), "--hot-words-manifest", str(manifest)]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    record = read_record(out)
    assert record.model.sha256 == folder_hash(model)
    assert record.model.description.startswith("tiny, ")
    assert record.machine.torchaudio
    names = {figure.name for figure in record.figures}
    assert {"first_partial", "word_caption", "final_after_speech", "rewritten", "ready"} <= names
    assert [row.text.reference > 0 for row in record.rates]
    assert [(row.name, row.utterances) for row in record.sets] == [
        (tmp_path.name, 1),
        ("silence", 1),
        ("all sets", 2),
    ]
    assert set(record.rates[0].captions) == set(record.sets[0].captions_factors) == {320, 640}
    assert record.sets[0].languages.keys() == {"zh"}
    # The model hears one thing in everything, in silence too.
    assert record.sets[1].words_captioned == {320: 2, 640: 2}
    assert [(each.setting, each.choice) for each in record.choices] == [
        ("final", "ctc"),
        *(("final", final) for final in ("search", "refine", "rescore")),
        *(("captions", source) for source in ("ctc", "decoder")),
    ]
    assert [sum(each.languages.get("zh", {}).values()) for each in record.languages_by_length] == [
        1, 1, 0, 0,
    ]  # fmt: skip
    assert [each.listed for each in record.names] == [False, True]
    assert [each.precision for each in record.precisions][:2] == ["fp32", "int8"]
    assert record.precisions[0].text_change == 0.0
    assert "against fp32" in done.stderr
    top = set(json.loads(out.read_text(encoding="utf-8")))
    assert {"date", "machine", "model", "effort", "figures", "rates", "sets", "names"} <= top


def test_what_cannot_be_measured_is_told_before_anything_is(tmp_path, capsys):
    missing = tmp_path / "none.jsonl"
    arguments = ["bench", "all", "--json", str(tmp_path / "a.json"), "--manifest", str(missing)]
    assert told(lambda: app(arguments, standalone_mode=False)) == 1
    assert str(missing) in capsys.readouterr().err
