"""What a step of training minimises: WeNet's losses of a padded batch."""

import pytest
import torch

from dictation.training.config import LossTable
from dictation.training.data import Batch
from dictation.training.losses import joint_loss
from tests.parity.cases import each_batch
from tests.parity.test_encoder import padded_features


def conf(case, name, default):
    import yaml

    values = yaml.safe_load((case.folder / "train.yaml").read_text(encoding="utf-8"))
    return values["model_conf"].get(name, default)


def batch_of(case) -> Batch:
    features, lengths = padded_features(case)
    targets, target_lengths = case.batch.tensor("targets"), case.batch.tensor("target_lens")
    inside = torch.arange(targets.size(1)) < target_lengths[:, None]
    return Batch(
        features=features,
        lengths=lengths,
        targets=targets.where(inside, 0),
        target_lengths=target_lengths,
        tokens=torch.zeros(len(lengths), 1, dtype=torch.long),
        next_tokens=torch.full((len(lengths), 1), -100),
        languages=torch.full((len(lengths),), -100),
        seconds=0.0,
    )


@each_batch
@torch.inference_mode()
def test_losses(case):
    ctc = conf(case, "ctc_weight", 0.5)
    weights = LossTable(
        ctc=ctc,
        attention=1 - ctc,
        language=0.0,
        reverse=conf(case, "reverse_weight", 0.0),
        label_smoothing=conf(case, "lsm_weight", 0.0),
    )
    losses = joint_loss(case.checkpoint.model, batch_of(case), weights, None, -1)
    wanted = case.values["losses"]
    assert float(losses.ctc) == pytest.approx(wanted["loss_ctc"], rel=1e-5)
    assert float(losses.attention) == pytest.approx(wanted["loss_att"], rel=1e-5)
    assert float(losses.total) == pytest.approx(wanted["loss"], rel=1e-5)


@each_batch
@torch.inference_mode()
def test_how_many_tokens_the_decoder_gets_right(case):
    model, batch = case.checkpoint.model, batch_of(case)
    features, lengths = padded_features(case)
    output = model.encoder(features, lengths)
    config = model.decoder.config
    right = total = 0
    for row, count in enumerate(batch.target_lengths.tolist()):
        text = batch.targets[row, :count].tolist()
        memory = output.memory[row : row + 1, : int(output.memory_lengths[row])]
        logits = model.decoder.logits(
            model.decoder(torch.tensor([[config.start, *text]]), memory, None)
        )
        right += int((logits[0].argmax(1) == torch.tensor([*text, config.end])).sum())
        total += count + 1
    assert right / total == pytest.approx(case.values["losses"]["acc_att"], abs=1e-6)
