"""The card that a run leaves beside its model."""

from dictation.training.config import read_training_config
from dictation.training.records import ErrorRecord, read_records
from dictation.training.trainer import train
from tests.manifests import write_manifest
from tests.training.runs import STANDSTILL, console, write_corpus, write_recipe


def test_a_card_tells_of_data_settings_and_errors_and_shows_the_losses(tmp_path):
    manifest = write_corpus(tmp_path)
    (tmp_path / "noise").mkdir()
    noise = write_manifest(tmp_path / "noise", [(None, "noise")])
    top = f'dev = ["{manifest}"]\nsilence = ["{noise}"]\nevaluate_every = 2'
    folder = train(
        read_training_config(write_recipe(tmp_path, manifest, 4, top=top)), console(), {}
    )
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"| {manifest.as_posix()} | 0.00 | 2 zh, 1 mix, 1 en | 1 |" in card
    assert "| noise and music | 0.00 | 1 nothing said | 2 |" in card
    assert '"steps": 4' in card
    assert "![Losses](loss.png)" in card
    assert (folder / "loss.png").is_file()
    last = [each for each in read_records(tmp_path / "run") if isinstance(each, ErrorRecord)][-1]
    for name, rate in last.errors.items():
        assert f"| {name} | {rate:.1%} |" in card


def test_after_an_early_end_the_errors_are_those_of_the_model_that_was_kept(tmp_path):
    manifest = write_corpus(tmp_path)
    recipe = write_recipe(
        tmp_path,
        manifest,
        40,
        tables=f"{STANDSTILL}\npatience = 1",
        top=f'dev = ["{manifest}"]\nevaluate_every = 2',
        save_every=100,
    )
    folder = train(read_training_config(recipe), console(), {})
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "4 steps" in card
    assert "after step 2;" in card
