"""A run of `dictation train`: killed and taken up again, ended early, in two processes."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from dictation.checkpoints.own import Checkpoint, load_checkpoint, save_checkpoint
from dictation.errors import DictationError
from dictation.model.presets import article
from dictation.training import starting
from dictation.training.config import TrainingConfigError, read_training_config
from dictation.training.records import ErrorRecord, StepRecord, read_records
from dictation.training.run import RunError
from dictation.training.trainer import train
from tests import wenet_folder
from tests.models import tiny_checkpoint, tiny_config, tiny_model
from tests.training.runs import STANDSTILL, console, write_corpus, write_recipe

PATIENCE = 180.0
RECIPES = Path(__file__).parents[2] / "recipes"


@pytest.fixture
def manifest(tmp_path):
    return write_corpus(tmp_path)


def run_command(recipe, *launcher):
    return subprocess.Popen(
        [sys.executable, *launcher, "-m", "dictation", "train", str(recipe)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def steps_of(folder):
    return [record for record in read_records(folder) if isinstance(record, StepRecord)]


def test_a_run_that_is_killed_goes_on_as_if_it_had_not_been(tmp_path, manifest):
    whole = write_recipe(tmp_path, manifest, 40, out="whole")
    killed = write_recipe(tmp_path, manifest, 40, out="killed", save_every=3)
    train(read_training_config(whole), console(), {})
    with run_command(killed) as process:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            if len(steps_of(tmp_path / "killed")) >= 8:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.01)
        assert process.wait(PATIENCE) == -signal.SIGKILL
    before = len(steps_of(tmp_path / "killed"))
    assert 8 <= before < 40
    train(read_training_config(killed), console(), {})
    curves = [steps_of(tmp_path / name) for name in ("whole", "killed")]
    assert curves[0] == curves[1]
    assert [record.step for record in curves[1]] == list(range(1, 41))


def test_a_run_ends_when_the_development_sets_gain_nothing(tmp_path, manifest):
    recipe = write_recipe(
        tmp_path,
        manifest,
        60,
        tables=f"{STANDSTILL}\npatience = 2",
        top=f'dev = ["{manifest}"]\nevaluate_every = 3',
        save_every=100,
    )
    folder = train(read_training_config(recipe), console(), {})
    looks = [r for r in read_records(tmp_path / "run") if isinstance(r, ErrorRecord)]
    assert [look.step for look in looks] == [3, 6, 9]
    assert load_checkpoint(folder).name == "starter"


def test_a_teacher_is_come_nearer_to(tmp_path, manifest):
    save_checkpoint(tiny_checkpoint(), tmp_path / "teacher", torch.float32)
    loss = f'[loss]\ndistillation = 1.0\nteacher = "{tmp_path / "teacher"}"\nctc = 0.0'
    train(read_training_config(write_recipe(tmp_path, manifest, 60, tables=loss)), console(), {})
    distances = [step.distillation for step in steps_of(tmp_path / "run")]
    assert 0.0 < sum(distances[-10:]) < sum(distances[:10])


def test_a_teacher_of_another_shape_is_refused(tmp_path, manifest):
    folder = tmp_path / "wenet"
    wenet_folder.write(folder, wenet_folder.settings())
    loss = f'[loss]\ndistillation = 1.0\nteacher = "{folder}"'
    recipe = read_training_config(write_recipe(tmp_path, manifest, 2, tables=loss))
    with pytest.raises(TrainingConfigError, match="its encoder has another shape"):
        train(recipe, console(), {})


def test_a_folder_without_whisper_is_named(tmp_path, manifest):
    recipe = write_recipe(tmp_path, manifest, 2, start=f'whisper = "{tmp_path / "none"}"')
    with pytest.raises(DictationError, match=r"none/tokenizer\.json: No such file"):
        train(read_training_config(recipe), console(), {})


def test_patience_without_development_sets_is_refused(tmp_path, manifest):
    recipe = write_recipe(tmp_path, manifest, 5, tables="patience = 2")
    with pytest.raises(TrainingConfigError, match="patience needs development sets"):
        read_training_config(recipe)


def test_two_processes_take_the_step_of_one_with_the_double_batch(tmp_path, manifest):
    config = tiny_config()
    encoder = replace(
        config.encoder,
        block=replace(config.encoder.block, dropout=0.0),
        upper=replace(config.encoder.upper, dropout=0.0),
    )
    plain = tiny_checkpoint()
    config = replace(config, vocabulary=len(plain.tokenizer), encoder=encoder)
    certain = Checkpoint("certain", tiny_model(config), plain.tokenizer)
    save_checkpoint(certain, tmp_path / "start", torch.float32)
    recipes = {}
    for name, size in (("alone", 2), ("both", 1)):
        recipes[name] = write_recipe(
            tmp_path, manifest, 3, out=name, tables=f"accumulate = {size}", seconds=2
        )
    train(read_training_config(recipes["alone"]), console(), {})
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    with run_command(recipes["both"], *launcher) as process:
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.terminate()  # ends both where they hang
    assert process.returncode == 0, output
    assert "processes: 2" in output
    assert output.count("model: ") == 1
    one, two = (steps_of(tmp_path / name) for name in ("alone", "both"))
    for alone, both in zip(one, two, strict=True):
        assert asdict(both) == pytest.approx(asdict(alone), rel=1e-4)
    models = [load_checkpoint(tmp_path / name / "model").model for name in ("alone", "both")]
    for ours, theirs in zip(*(model.state_dict().values() for model in models), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)


def test_processes_that_do_not_find_the_same_run_are_stopped(tmp_path, manifest, monkeypatch):
    for machine in ("0", "1"):
        (tmp_path / machine).mkdir()
    recipe = write_recipe(tmp_path, manifest, 3, out="run", seconds=2)
    apart = tmp_path / "apart.toml"
    apart.write_text(recipe.read_text().replace(f'out = "{tmp_path}/', 'out = "'))
    monkeypatch.chdir(tmp_path / "0")
    train(read_training_config(apart), console(), {})
    program = tmp_path / "machine.py"
    program.write_text(
        "import os, runpy, sys\n"
        f"os.chdir(os.path.join({str(tmp_path)!r}, os.environ['RANK']))\n"
        f"sys.argv = ['dictation', 'train', {str(apart)!r}]\n"
        "runpy.run_module('dictation', run_name='__main__')\n"
    )
    launcher = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(program))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", *launcher]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode != 0
    assert "on a disk in common" in done.stderr
    assert not (tmp_path / "1" / "run" / "model").exists()


def test_a_wenet_folder_is_taken_up_and_trained_both_ways(tmp_path, manifest):
    folder = tmp_path / "wenet"
    wenet_folder.write(folder, wenet_folder.settings())
    recipe = write_recipe(tmp_path, manifest, 2, start=f'checkpoint = "{folder}"')
    model = load_checkpoint(train(read_training_config(recipe), console(), {})).model
    assert model.reverse_decoder is not None
    records = steps_of(tmp_path / "run")
    assert all(record.attention > 0.0 for record in records)


@pytest.mark.parametrize("recipe", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_recipes_of_the_repository_are_right(recipe):
    assert read_training_config(recipe).schedule.steps > 0


def test_more_pieces_than_the_texts_have_are_refused(tmp_path, manifest):
    words = "[vocabulary]\nlatin_pieces = 9000"
    recipe = write_recipe(tmp_path, manifest, 2, start='preset = "u2pp"', tables=words)
    with pytest.raises(TrainingConfigError, match="latin_pieces: Vocabulary size too high"):
        train(read_training_config(recipe), console(), {})


def test_a_preset_begins_from_nothing(tmp_path, manifest, monkeypatch):
    def small(name, vocabulary=None):
        return article(vocabulary, width=64, blocks=2)

    monkeypatch.setattr(starting, "preset", small)
    texts = tmp_path / "texts.txt"
    texts.write_text("the response code is not found\nplease review my pull request\n")
    words = f'[vocabulary]\nlatin_pieces = 68\ntexts = ["{texts}"]'
    recipe = write_recipe(tmp_path, manifest, 2, start='preset = "article"', tables=words)
    loaded = load_checkpoint(train(read_training_config(recipe), console(), {}))
    decoder = loaded.model.config.decoder
    assert decoder.start == decoder.end == len(loaded.tokenizer) - 1
    assert loaded.tokenizer.decode(loaded.tokenizer.encode("今天 the code")) == "今天 the code"
    assert all(record.attention > 0.0 for record in steps_of(tmp_path / "run"))


def change(tmp_path, manifest, out, tables):
    """How far each parameter has moved after three steps."""
    recipe = write_recipe(tmp_path, manifest, 3, out=out, tables=tables)
    trained = load_checkpoint(train(read_training_config(recipe), console(), {})).model
    began = load_checkpoint(tmp_path / "start").model
    moved = zip(began.named_parameters(), trained.parameters(), strict=True)
    # What is kept is kept in half precision.
    return {
        name: float((one.detach().half().float() - other.detach()).abs().max())
        for (name, one), other in moved
    }


def test_frozen_parts_stay_as_they_were_and_the_others_learn(tmp_path, manifest):
    moved = change(tmp_path, manifest, "frozen", 'frozen = ["encoder.blocks", "ctc"]')
    still = {name for name, far in moved.items() if far == 0.0}
    assert {name for name in moved if name.startswith(("encoder.blocks.", "ctc."))} <= still
    assert not {name for name in moved if name.startswith("encoder.upper.")} <= still


def test_a_second_encoder_stays_as_it_was(tmp_path, manifest):
    tokenizer = tiny_checkpoint().tokenizer
    config = replace(tiny_config(len(tokenizer)), mixed=True)
    two = Checkpoint("two", tiny_model(config), tokenizer)
    save_checkpoint(two, tmp_path / "start", torch.float32)
    moved = change(tmp_path, manifest, "out", "")
    assert all(far == 0.0 for name, far in moved.items() if name.startswith("mixed."))
    assert moved["ctc.weight"] > 0.0


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ('["encodr"]', "no part 'encodr'; it has encoder, ctc, language and"),
        ('["encoder", "ctc", "language"]', "nothing is left to learn"),
    ],
)
def test_wrong_frozen_parts_are_refused(tmp_path, manifest, parts, message):
    recipe = write_recipe(tmp_path, manifest, 2, tables=f"frozen = {parts}")
    with pytest.raises(TrainingConfigError, match=message):
        train(read_training_config(recipe), console(), {})


def test_a_pull_keeps_the_weights_nearer_to_where_they_began(tmp_path, manifest):
    rates = "new_rate = 1e-2\ninner_rate = 1e-2\nold_rate = 1e-2\n"
    free = change(tmp_path, manifest, "free", rates)
    pulled = change(tmp_path, manifest, "pulled", rates + "pull = 60.0")
    assert sum(pulled.values()) < 0.8 * sum(free.values())


@pytest.mark.parametrize(
    "more", ["pull = 5.0", "[[corpus]]\nmanifest = {manifest!r}\nkeep = true"], ids=["pull", "keep"]
)
def test_a_run_that_holds_on_to_its_beginning_goes_on_as_if_it_had_not_been_stopped(
    tmp_path, manifest, more
):
    tables = more.format(manifest=str(manifest))
    whole = write_recipe(tmp_path, manifest, 6, out="whole", tables=tables)
    train(read_training_config(whole), console(), {})
    stopped = read_training_config(write_recipe(tmp_path, manifest, 6, out="half", tables=tables))
    saved = tmp_path / "half" / "training.pt"
    states = {}
    torch_save = torch.save

    def keep(values, path):
        torch_save(values, path)
        states[values["position"][0]] = path.read_bytes()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "save", keep)
        train(stopped, console(), {})
    saved.write_bytes(states[3])
    train(stopped, console(), {})
    assert steps_of(tmp_path / "whole") == steps_of(tmp_path / "half")


def test_a_run_whose_frozen_parts_were_changed_is_refused_in_a_line(tmp_path, manifest):
    train(read_training_config(write_recipe(tmp_path, manifest, 2)), console(), {})
    other = write_recipe(tmp_path, manifest, 3, tables='frozen = ["language"]')
    with pytest.raises(RunError, match="other parts learned then"):
        train(read_training_config(other), console(), {})
