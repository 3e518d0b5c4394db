"""Training on a few seconds of sound: it learns, it can be stopped, and batches come out alike."""

import json

import numpy as np
import pytest
import torch
from rich.console import Console

from dictation.checkpoints.own import load_checkpoint
from dictation.errors import DictationError
from dictation.model.features import LogMel
from dictation.training.augment import augment, join, mix
from dictation.training.config import (
    AugmentTable,
    LossTable,
    TrainingConfigError,
    read_training_config,
)
from dictation.training.data import (
    BatchBuilder,
    Corpus,
    follow,
    plan_epoch,
    written_target,
)
from dictation.training.manifest import ManifestError, Utterance, read_manifest
from dictation.training.schedule import draw_chunk, learning_factor
from dictation.training.trainer import train
from tests.models import tiny_checkpoint
from tests.training.runs import console, write_corpus, write_recipe

CHUNKS = "[chunks]\nsizes = [4, 8]"


@pytest.fixture
def manifest(tmp_path):
    return write_corpus(tmp_path)


def recipe(tmp_path, manifest, steps, *, out="run", save_every=1):
    path = write_recipe(tmp_path, manifest, steps, out=out, save_every=save_every, tables=CHUNKS)
    return read_training_config(path)


def losses_of(output: Console) -> list[float]:
    lines = output.file.getvalue().splitlines()
    return [float(line.split(" loss ")[1].split()[0]) for line in lines if " loss " in line]


def test_the_loss_falls(tmp_path, manifest):
    output = console()
    alike = CHUNKS + "\n[augmentation]\njoined = 0.0"  # else the losses of long and short batches
    path = write_recipe(tmp_path, manifest, 200, save_every=200, tables=alike)
    train(read_training_config(path), output, {})
    losses = losses_of(output)
    assert losses[-1] < 0.7 * losses[0]


def test_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path, manifest):
    whole = recipe(tmp_path, manifest, 6, out="whole")
    train(whole, console(), {})
    # The same schedule, stopped in its middle: the state of step 3 is what a kill leaves behind.
    stopped = recipe(tmp_path, manifest, 6, out="stopped")
    saved = {}
    torch_save = torch.save

    def keep(values, path):
        torch_save(values, path)
        saved[values["position"][0]] = path.read_bytes()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "save", keep)
        train(stopped, console(), {})
    (tmp_path / "stopped" / "training.pt").write_bytes(saved[3])
    train(stopped, console(), {})
    models = [load_checkpoint(tmp_path / name / "model").model for name in ("whole", "stopped")]
    for one, other in zip(*(model.state_dict().values() for model in models), strict=True):
        assert torch.equal(one, other)


def test_an_epoch_is_the_same_for_the_same_seed_and_new_for_another(manifest):
    corpora = [Corpus(read_manifest(manifest), 3.5)]
    assert plan_epoch(corpora, 4, 1, 0) == plan_epoch(corpora, 4, 1, 0)
    assert plan_epoch(corpora, 4, 1, 0) != plan_epoch(corpora, 4, 1, 1)


def test_an_epoch_draws_by_weight_and_fills_no_batch_too_full(manifest):
    utterances = read_manifest(manifest)
    plan = plan_epoch([Corpus(utterances, 10.0), Corpus(utterances, 1.0)], 3, 1, 0)
    drawn = [number for batch in plan for number, _ in batch]
    assert (drawn.count(0), drawn.count(1)) == (40, 4)
    assert max(len(batch) for batch in plan) <= 3


def test_the_weights_of_the_losses_move_in_a_straight_line():
    table = LossTable(ctc=0.8, ctc_end=0.4, attention=0.2)
    assert [round(table.at(done).ctc, 3) for done in (0.0, 0.5, 1.0)] == [0.8, 0.6, 0.4]
    assert table.at(1.0).attention == 0.2


def test_two_utterances_are_joined_into_one_of_both_languages(tmp_path):
    first = Utterance(tmp_path, "打开 API", "打开 API", "zh", "a", 1.0)
    second = Utterance(tmp_path, "IT IS FOUR", "IT IS FOUR", "en", "b", 2.0)
    both = follow(first, second)
    assert (both.text, both.language, both.duration) == ("打开 API it is four", "mix", 3.0)
    assert both.written == "打开 API, It is four."
    back = follow(second, first)
    assert back.text == "it is four 打开 API"
    assert follow(first, first).language == "zh"


def test_all_of_a_batch_are_joined_to_another_or_none(manifest):
    corpora = [Corpus(read_manifest(manifest), 4.0)]
    plan = plan_epoch(corpora, 4.0, 1, 0)
    checkpoint = tiny_checkpoint()
    table = AugmentTable(joined=0.5, speed=0.0, padding=0.0)
    features = LogMel(checkpoint.model.config.features)
    builder = BatchBuilder(corpora, plan, (), features, checkpoint.tokenizer, None, table, (1, 0))
    batches = [builder[position] for position in range(len(builder))]
    seconds = [[length / 100 for length in batch.lengths.tolist()] for batch in batches]
    assert all(max(each) < 1.5 or min(each) > 1.9 for each in seconds)
    assert len({max(each) < 1.5 for each in seconds}) == 2
    again = builder[0]
    assert torch.equal(again.features, batches[0].features)


def test_what_is_kept_is_joined_to_what_is_kept_alone(tmp_path, manifest):
    utterances = read_manifest(manifest)
    corpora = [Corpus(utterances[:1], 4.0, keep=True), Corpus(utterances[1:], 4.0)]
    plan = plan_epoch(corpora, 16.0, 1, 0)
    checkpoint = tiny_checkpoint()
    table = AugmentTable(joined=1.0, speed=0.0)
    features = LogMel(checkpoint.model.config.features)
    builder = BatchBuilder(corpora, plan, (), features, checkpoint.tokenizer, None, table, (1, 0))
    kept, learned = set(), set()
    for position in range(len(builder)):
        batch = builder[position]
        assert batch.kept is not None
        for keep, target in zip(batch.kept.tolist(), batch.targets.tolist(), strict=True):
            (kept if keep else learned).add(tuple(unit for unit in target if unit))
    alone = tuple(checkpoint.tokenizer.spell(utterances[0].text))
    assert kept == {2 * alone}
    assert len(learned) > 3
    assert all(alone != target[: len(alone)] for target in learned)


def test_a_recording_is_levelled_to_the_one_before_it():
    rng = np.random.default_rng(0)
    first = np.sin(np.arange(8_000) * 0.1).astype(np.float32) * 0.4
    second = np.sin(np.arange(4_000) * 0.2).astype(np.float32) * 0.2
    joined = join(first, second, 0.25, rng)
    assert joined.size == 8_000 + 4_000 + 4_000
    assert np.array_equal(joined[:8_000], first)
    assert np.abs(joined[8_000:12_000]).max() < 0.01
    assert np.abs(joined[12_000:]).max() == pytest.approx(0.4, rel=0.01)


def test_chunks_are_drawn_by_step(tmp_path, manifest):
    chunks = recipe(tmp_path, manifest, 5).chunks
    drawn = [draw_chunk(step, 1, chunks) for step in range(200)]
    assert drawn == [draw_chunk(step, 1, chunks) for step in range(200)]
    assert {size for size, _ in drawn} == {None, 4, 8}


def test_rates_warm_up_where_their_part_begins_and_fall(tmp_path, manifest):
    schedule = recipe(tmp_path, manifest, 100).schedule
    factors = [learning_factor(step, schedule, begin=10) for step in range(100)]
    assert factors[:10] == [0.0] * 10
    assert factors[10] < factors[11] < factors[12]
    assert factors[20:] == sorted(factors[20:], reverse=True)
    assert factors[-1] == pytest.approx(0.05, abs=0.01)


def test_noise_is_mixed_at_the_ratio_asked_for():
    rng = np.random.default_rng(0)
    speech = rng.standard_normal(16_000).astype(np.float32) * 0.1
    noise = rng.standard_normal(4_000).astype(np.float32)
    added = mix(speech, noise, 10.0) - speech
    ratio = 10 * np.log10(np.mean(speech**2) / np.mean(added**2))
    assert ratio == pytest.approx(10.0, abs=0.1)


def test_augmentation_is_the_same_for_the_same_generator_and_never_clips():
    speech = np.sin(np.arange(16_000) * 0.1).astype(np.float32)
    every = AugmentTable(speed=1, pitch=1, noise=1, room=1, telephone=1, opus=1)
    noise = np.random.default_rng(1).standard_normal(64_000).astype(np.float32)
    one, other = (augment(speech, every, np.random.default_rng(5), noise) for _ in range(2))
    assert np.array_equal(one, other)
    assert np.abs(one).max() <= 1.0


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("WE HAVE CLIMBED ONE STEP AND I FELL", " We have climbed one step and I fell."),
        ("信息时报讯记者陈子至", "信息时报讯记者陈子至。"),
        ("这个 code 是 404。", "这个 code 是 404。"),
        ("一下", "一下"),
        ("", ""),
    ],
)
def test_the_decoder_learns_sentences(tmp_path, written, target):
    utterance = Utterance(tmp_path, written, written, "zh", None, 1.0)
    assert written_target(utterance) == target


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1"),
        ('{"audio": "a.wav", "text": "x", "lang": "fr", "duration": 1}', "'fr' is none of"),
        ('{"audio": "a.wav", "text": "x", "lang": "en"}', "duration"),
        ("[1]", "line 1"),
    ],
)
def test_a_broken_manifest_is_named_with_its_line(tmp_path, line, message):
    path = tmp_path / "bad.jsonl"
    path.write_text(line)
    with pytest.raises(ManifestError, match=r"bad\.jsonl") as caught:
        read_manifest(path)
    assert message in str(caught.value)


def test_recordings_without_transcript_are_left_out_and_noise_says_nothing(tmp_path):
    path = tmp_path / "manifest.jsonl"
    lines = [("a", None, "en"), ("b", None, "noise")]
    path.write_text(
        "\n".join(
            json.dumps({"audio": a, "text": t, "lang": lang, "duration": 1}) for a, t, lang in lines
        )
    )
    assert [(u.audio.name, u.text, u.language) for u in read_manifest(path)] == [("b", "", None)]


@pytest.mark.parametrize("loaders", [0, 1])
@pytest.mark.parametrize("junk", [b"junk", None], ids=["damaged", "missing"])
def test_a_recording_that_cannot_be_read_is_named_in_a_line(tmp_path, manifest, loaders, junk):
    if junk is None:
        (tmp_path / "2.wav").unlink()
    else:
        (tmp_path / "2.wav").write_bytes(junk)
    settings = recipe(tmp_path, manifest, 5).model_copy(update={"loaders": loaders})
    with pytest.raises(DictationError, match=r"2\.wav") as caught:
        train(settings, console(), {})
    assert "\n" not in str(caught.value)


def test_a_wrong_training_file_is_named(tmp_path):
    path = tmp_path / "train.toml"
    tables = ['out = "x"', "[start]", 'preset = "article"', "[schedule]", "steps = 0"]
    path.write_text("\n".join([*tables, "[[corpus]]", 'manifest = "m"']))
    with pytest.raises(TrainingConfigError, match=r"train\.toml: schedule\.steps = 0"):
        read_training_config(path)
