"""The training loop: from manifests and a starting point to a model folder, resumable."""

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from torch import Tensor, nn

from dictation.checkpoints.own import Checkpoint, load_checkpoint, save_checkpoint
from dictation.checkpoints.whisper import start_from_whisper
from dictation.model.joint import JointModel
from dictation.model.presets import starter
from dictation.training.augment import AugmentConfig
from dictation.training.config import (
    ChunkTable,
    ScheduleTable,
    TrainingConfig,
    TrainingConfigError,
)
from dictation.training.data import Batch, BatchBuilder, Corpus, load_samples, loader, plan_epoch
from dictation.training.evaluation import greedy_errors
from dictation.training.losses import Losses, joint_loss
from dictation.training.manifest import Utterance, read_manifest
from dictation.training.vocabulary import make_vocabularies

_STATE = "training.pt"
_HEADS = ("encoder.pairing", "ctc.", "language.")
_UPPER = "encoder.upper"


@dataclass
class _Run:
    """Everything that changes while training."""

    checkpoint: Checkpoint
    average: JointModel
    optimizer: torch.optim.Optimizer
    old_names: set[str]
    step: int = 0
    epoch: int = 0
    batch: int = 0


def learning_factor(step: int, schedule: ScheduleTable, begin: int) -> float:
    """Return what a learning rate is multiplied by: nothing before step `begin`, a linear warm-up
    from there, and a cosine over the whole run down to a twentieth."""
    if step < begin:
        return 0.0
    rising = min(1.0, (step - begin + 1) / schedule.warm_up)
    falling = 0.05 + 0.95 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, step / schedule.steps)))
    return rising * falling


def draw_chunk(step: int, seed: int, chunks: ChunkTable) -> tuple[int | None, int]:
    """Return the chunk size and left context of a step, the same for the same step and seed."""
    rng = random.Random(seed * 1_000_003 + step)
    if rng.random() < chunks.full_context:
        return None, -1
    return rng.choice(chunks.sizes), rng.choice(chunks.left_context)


def train(config: TrainingConfig, console: Console) -> Path:
    """Train until the schedule ends and return the model folder; goes on where it was stopped."""
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    corpora = [Corpus(read_manifest(table.manifest), table.weight) for table in config.corpus]
    noise = [load_samples(u.audio) for path in config.noise for u in read_manifest(path)]
    silence = [utterance for path in config.silence for utterance in read_manifest(path)]
    if silence:
        corpora.append(Corpus(silence, 2.0))
    run = _begin(config, corpora)
    hours = sum(u.duration for corpus in corpora for u in corpus.utterances) / 3600
    console.print(f"{hours:.1f} h of audio, step {run.step} of {config.schedule.steps}")
    model = run.checkpoint.model
    started, heard = time.monotonic(), 0.0
    while run.step < config.schedule.steps:
        plan = plan_epoch(corpora, config.batch_seconds, config.seed, run.epoch)
        builder = BatchBuilder(
            corpora,
            plan,
            noise,
            model.features,
            run.checkpoint.tokenizer,
            run.checkpoint.decoder_tokenizer,
            AugmentConfig(),
            (config.seed, run.epoch),
        )
        for batch in loader(builder, run.batch, config.loaders):
            losses, norm = _update(run, batch, config)
            heard += batch.seconds
            if run.step % 20 == 0:
                speed = heard / (time.monotonic() - started)
                console.print(_line(run, losses, norm, speed, config.schedule.steps))
            if run.step % config.evaluate_every == 0:
                _report_errors(run, config, console)
            if run.step % config.save_every == 0 or run.step == config.schedule.steps:
                _save(run, config)
            if run.step == config.schedule.steps:
                break
        else:
            run.epoch, run.batch = run.epoch + 1, 0
    _report_errors(run, config, console)
    return _export(run, config)


def _begin(config: TrainingConfig, corpora: Sequence[Corpus]) -> _Run:
    state_path = config.out / _STATE
    if state_path.exists():
        return _resume(config, state_path)
    if config.start.checkpoint is not None:
        checkpoint = load_checkpoint(config.start.checkpoint)
        old_names = {
            name
            for name, _ in checkpoint.model.named_parameters()
            if not name.startswith((*_HEADS, _UPPER)) and ".convolution." not in name
        }
    elif config.start.whisper is not None:
        utterances = (u for corpus in corpora for u in corpus.utterances)
        tokenizer, decoder_tokenizer, rows = make_vocabularies(
            utterances,
            config.vocabulary.texts,
            config.vocabulary.latin_pieces,
            config.start.whisper,
        )
        model = JointModel(starter(len(tokenizer), len(decoder_tokenizer)))
        old_names = start_from_whisper(model, config.start.whisper / "model.bin", rows)
        checkpoint = Checkpoint("starter", model, tokenizer, decoder_tokenizer)
    else:
        raise TrainingConfigError("[start] names neither whisper nor checkpoint")
    return _run(checkpoint, old_names, config)


def _run(checkpoint: Checkpoint, old_names: set[str], config: TrainingConfig) -> _Run:
    model = checkpoint.model
    average = JointModel(model.config)
    average.load_state_dict(model.state_dict())
    named = dict(model.named_parameters())
    schedule = config.schedule
    heads = {name for name in named if name.startswith(_HEADS)}
    upper = {name for name in named if name.startswith(_UPPER)}
    groups = [
        {"params": [named[name] for name in named if name in names], "base": rate, "begin": begin}
        for names, rate, begin in (
            (heads, schedule.new_rate, 0),
            (upper, schedule.inner_rate, 0),
            (set(named) - heads - upper - old_names, schedule.inner_rate, schedule.hold),
            (old_names, schedule.old_rate, schedule.hold),
        )
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    return _Run(checkpoint, average.eval(), optimizer, old_names)


def _update(run: _Run, batch: Batch, config: TrainingConfig) -> tuple[Losses, float]:
    model, schedule = run.checkpoint.model, config.schedule
    model.train()
    for group in run.optimizer.param_groups:
        factor = learning_factor(run.step, schedule, group["begin"])
        group["lr"] = group["base"] * factor
        for parameter in group["params"]:
            parameter.requires_grad_(factor > 0.0)
    # What rests was made for full context, and its decoder has nothing to learn yet.
    resting = run.step < schedule.hold
    chunk_size, left_context = draw_chunk(run.step, config.seed, config.chunks)
    if resting:
        chunk_size, left_context = None, -1
    weights = config.loss.model_copy(update={"attention": 0.0}) if resting else config.loss
    torch.manual_seed(config.seed * 1_000_003 + run.step)
    with torch.autocast("cpu", torch.bfloat16, enabled=config.bf16):
        losses = joint_loss(model, batch, weights, chunk_size, left_context)
    run.optimizer.zero_grad(set_to_none=True)
    losses.total.backward()  # type: ignore[no-untyped-call]
    norm = float(nn.utils.clip_grad_norm_(model.parameters(), 5.0))
    if math.isfinite(norm):
        run.optimizer.step()
    run.step += 1
    run.batch += 1
    _average(run, min(schedule.averaging, run.step / (run.step + 10)))
    return losses, norm


def _average(run: _Run, decay: float) -> None:
    own: list[Tensor] = list(run.average.parameters())
    new = list(run.checkpoint.model.parameters())
    with torch.no_grad():
        torch._foreach_lerp_(own, [p.detach() for p in new], 1.0 - decay)


def _line(run: _Run, losses: Losses, norm: float, speed: float, steps: int) -> str:
    return (
        f"step {run.step}/{steps} epoch {run.epoch} loss {losses.total.item():.2f} "
        f"ctc {losses.ctc.item():.2f} attention {losses.attention.item():.2f} "
        f"language {losses.language.item():.3f} norm {norm:.1f} {speed:.0f} s/s"
    )


def _report_errors(run: _Run, config: TrainingConfig, console: Console) -> None:
    for path in config.dev:
        utterances = read_manifest(path)
        step = max(1, len(utterances) // config.dev_limit)
        chosen: list[Utterance] = utterances[::step][: config.dev_limit]
        audio = [torch.from_numpy(load_samples(utterance.audio)) for utterance in chosen]
        for chunk_size in (16, None):
            rate = greedy_errors(run.average, run.checkpoint.tokenizer, chosen, audio, chunk_size)
            console.print(f"  {path.parent.name}/{path.stem} chunk {chunk_size}: {rate:.1%}")


def _save(run: _Run, config: TrainingConfig) -> None:
    config.out.mkdir(parents=True, exist_ok=True)
    values = {
        "model": run.checkpoint.model.state_dict(),
        "average": run.average.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "old_names": sorted(run.old_names),
        "position": [run.step, run.epoch, run.batch],
    }
    if not (config.out / "start" / "config.json").exists():
        save_checkpoint(run.checkpoint, config.out / "start", torch.float16)
    fresh = config.out / (_STATE + ".new")
    torch.save(values, fresh)
    fresh.replace(config.out / _STATE)


def _resume(config: TrainingConfig, state_path: Path) -> _Run:
    values: dict[str, object] = torch.load(state_path, weights_only=True)
    checkpoint = load_checkpoint(config.out / "start")
    old_names = values["old_names"]
    assert isinstance(old_names, list)
    run = _run(checkpoint, set(old_names), config)
    _load(checkpoint.model, values["model"])
    _load(run.average, values["average"])
    optimizer = values["optimizer"]
    position = values["position"]
    assert isinstance(optimizer, dict)
    assert isinstance(position, list)
    run.optimizer.load_state_dict(optimizer)
    run.step, run.epoch, run.batch = position
    return run


def _load(model: JointModel, weights: object) -> None:
    assert isinstance(weights, dict)
    state: dict[str, Tensor] = weights
    model.load_state_dict(state)


def _export(run: _Run, config: TrainingConfig) -> Path:
    folder = config.out / "model"
    averaged = Checkpoint(
        run.checkpoint.name,
        run.average,
        run.checkpoint.tokenizer,
        run.checkpoint.decoder_tokenizer,
    )
    save_checkpoint(averaged, folder, torch.float16)
    return folder
