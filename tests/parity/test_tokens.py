"""Texts to tokens and back, as WeNet does it, and folders of the older form."""

import shutil

import pytest
import torch

from dictation.checkpoints.folders import load_folder
from dictation.checkpoints.own import save_checkpoint
from tests.parity.cases import each_case


@each_case
def test_round_trips(case):
    tokenizer = case.checkpoint.tokenizer
    for row in case.values.get("tokenizer", []):
        assert tokenizer.tokens(row["text"]) == row["tokens"]
        assert tokenizer.encode(row["text"]) == row["ids"]
        assert tokenizer.transcript(row["ids"]) == row["back"]


@each_case
def test_the_vocabulary_and_its_special_tokens(case):
    checkpoint, values = case.checkpoint, case.values
    decoder = checkpoint.model.config.decoder
    assert len(checkpoint.tokenizer) == values["vocab"]
    assert (decoder.start, decoder.end) == (values["sos"], values["eos"])
    assert checkpoint.model.encoder.factor == values["subsampling_rate"]


@each_case
def test_an_older_layout_is_the_same_model(case, tmp_path):
    if not (case.folder / "legacy").is_dir():
        pytest.skip("no older layout of this case")
    for file in case.folder.iterdir():
        if file.is_file() and file.suffix not in (".npz", ".wav"):
            shutil.copyfile(file, tmp_path / file.name)
    for file in (case.folder / "legacy").iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    assert_same_model(load_folder(tmp_path), case.checkpoint)


@each_case
def test_an_imported_model_is_the_same_model(case, tmp_path):
    save_checkpoint(case.checkpoint, tmp_path, torch.float32)
    assert_same_model(load_folder(tmp_path), case.checkpoint)


def assert_same_model(ours, theirs) -> None:
    assert ours.model.config == theirs.model.config
    assert ours.tokenizer.units == theirs.tokenizer.units
    assert ours.tokenizer.encode("ONE 我们 two") == theirs.tokenizer.encode("ONE 我们 two")
    wanted = theirs.model.state_dict()
    for name, weight in ours.model.state_dict().items():
        assert torch.equal(weight, wanted[name])
