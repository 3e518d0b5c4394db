"""A run of training: everything that changes in it, one step of it, and its state on disk."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from dictation.checkpoints.own import Checkpoint, load_checkpoint, save_checkpoint
from dictation.errors import DictationError
from dictation.model.encoder import Encoder
from dictation.model.joint import JointModel
from dictation.model.placement import Placement, Precision, choose_device, choose_precision
from dictation.training.config import ScheduleTable, TrainingConfig, TrainingConfigError
from dictation.training.data import Batch
from dictation.training.losses import Counts, joint_loss
from dictation.training.records import StepRecord
from dictation.training.schedule import draw_chunk, learning_factor
from dictation.training.starting import HEADS, UPPER, Start
from dictation.training.team import Team

_STATE = "training.pt"
_START = "start"
_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


class RunError(DictationError):
    """A run cannot be saved or taken up again."""


@dataclass
class Run:
    """A model in training, with the mean of its weights, which is what is kept in the end.

    `beginning`: the weights to be pulled towards, in the order of the parameters, none without a
    pull; in half precision, for the room they take. `kept`: the model as it was then, none where
    no corpus is kept. `best` and `waited`: the lowest error seen on the development sets, and
    how many looks ago.
    """

    checkpoint: Checkpoint
    average: JointModel
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    old_names: frozenset[str]
    beginning: tuple[Tensor, ...]
    kept: JointModel | None
    device: torch.device
    precision: str
    step: int = 0
    epoch: int = 0
    batch: int = 0
    best: float = math.inf
    waited: int = 0

    @property
    def averaged(self) -> Checkpoint:
        """What is kept."""
        return replace(self.checkpoint, model=self.average)


def _native_on_cpu() -> Precision:
    """Return bf16 where the processor multiplies it itself."""
    return "bf16" if torch.cpu._is_avx512_bf16_supported() else "fp32"


def begin_run(start: Start, config: TrainingConfig, team: Team) -> Run:
    """Return a run that has not yet begun. Raises PlacementError for a device that is not there."""
    device = f"cuda:{team.local}" if team.size > 1 and torch.cuda.is_available() else config.device
    device = choose_device(device)
    placement = Placement(device, choose_precision(device, config.precision, _native_on_cpu))
    model = start.checkpoint.model.to(placement.device)
    average = JointModel(model.config)
    average.load_state_dict(model.state_dict())
    named = dict(model.named_parameters())
    schedule = config.schedule
    # No loss reaches a second listener.
    at_rest = () if model.mixed is None else ("mixed",)
    frozen = frozen_names(model, (*schedule.frozen, *at_rest))
    heads = {name for name in named if name.startswith(HEADS)}
    upper = {name for name in named if name.startswith(UPPER)}
    old = set(start.old_names)
    groups = [
        {
            "params": [named[name] for name in named if name in names - frozen],
            "base": rate,
            "begin": begin,
        }
        for names, rate, begin in (
            (heads, schedule.new_rate, 0),
            (upper, schedule.inner_rate, 0),
            (set(named) - heads - upper - old, schedule.inner_rate, schedule.hold),
            (old - heads - upper, schedule.old_rate, schedule.hold),
        )
    ]
    for name in frozen:
        named[name].requires_grad_(False)
    beginning = _halves(model) if schedule.pull else ()
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    place = torch.device(placement.device)
    scaler = torch.amp.GradScaler(place.type, enabled=placement.precision == "fp16")
    return Run(
        start.checkpoint,
        average.to(place).eval(),
        optimizer,
        scaler,
        start.old_names,
        beginning,
        _kept(model) if any(corpus.keep for corpus in config.corpus) else None,
        place,
        placement.precision,
    )


def frozen_names(model: JointModel, parts: Sequence[str]) -> frozenset[str]:
    """Return the names of the parameters in some parts of a model. Raises TrainingConfigError for
    a part that is not there, and where nothing is left to learn."""
    names = [name for name, _ in model.named_parameters()]
    frozen: set[str] = set()
    for part in parts:
        found = {name for name in names if name == part or name.startswith(part + ".")}
        if not found:
            known = ", ".join(dict.fromkeys(name.split(".")[0] for name in names))
            raise TrainingConfigError(
                f"schedule.frozen: the model has no part {part!r}; it has {known} and their parts"
            )
        frozen |= found
    if len(frozen) == len(names):
        raise TrainingConfigError("schedule.frozen: nothing is left to learn")
    return frozenset(frozen)


def take_step(
    run: Run, batches: Sequence[Batch], config: TrainingConfig, team: Team, teacher: Encoder | None
) -> StepRecord:
    """Change the weights once, by the gradient of this process's batches and all the others'."""
    model, schedule = run.checkpoint.model, config.schedule
    model.train()
    _set_rates(run, schedule)
    # What rests was made for full context, and its decoder has nothing to learn yet.
    resting = run.step < schedule.hold
    chunk_size, left_context = draw_chunk(run.step, config.seed, config.chunks)
    weights = config.loss.at(run.step / schedule.steps)
    if resting:
        chunk_size, left_context = None, -1
        weights = weights.model_copy(update={"attention": 0.0})
    torch.manual_seed((config.seed * 1_000_003 + run.step) * 1009 + team.rank)
    mine = Counts.of(batches)
    own = (mine.utterances, mine.labelled, mine.units, mine.tokens)
    counts = Counts(*team.sum_counts(own, run.device))
    run.optimizer.zero_grad(set_to_none=True)
    parts = torch.zeros(6, device=run.device)
    for batch in batches:
        with torch.autocast(
            run.device.type, _TYPES[run.precision], enabled=run.precision != "fp32"
        ):
            losses = joint_loss(
                model,
                batch.to(run.device),
                weights,
                chunk_size,
                left_context,
                counts,
                teacher,
                run.kept,
            )
        run.scaler.scale(losses.total).backward()  # type: ignore[no-untyped-call]
        seconds = torch.tensor(batch.seconds, device=run.device)
        told = (losses.ctc, losses.attention, losses.language, losses.distillation)
        parts += torch.stack([losses.total.detach(), *told, seconds])
    team.sum_gradients(model.parameters())
    run.scaler.unscale_(run.optimizer)
    norm = float(nn.utils.clip_grad_norm_(model.parameters(), schedule.clip))
    if math.isfinite(norm) or run.scaler.is_enabled():  # the scaler passes over such a step itself
        run.scaler.step(run.optimizer)
        _pull(run, schedule.pull)
    run.scaler.update()
    run.step += 1
    run.batch += len(batches)
    _average(run, min(schedule.averaging, run.step / (run.step + 10)))
    loss, ctc, attention, language, distillation, heard = team.sum_values(parts).tolist()
    return StepRecord(run.step, loss, ctc, attention, language, distillation, norm, heard)


def save_run(run: Run, folder: Path) -> None:
    """Write a run's whole state, whole or not at all. Raises RunError, for a full disk say."""
    values = {
        "model": run.checkpoint.model.state_dict(),
        "average": run.average.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "scaler": run.scaler.state_dict(),
        "beginning": list(run.beginning),
        "old_names": sorted(run.old_names),
        "precision": run.precision,
        "position": [run.step, run.epoch, run.batch],
        "best": [run.best, run.waited],
    }
    fresh = folder / (_STATE + ".new")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / _START / "config.json").exists():
            save_checkpoint(run.checkpoint, folder / _START, torch.float16)
        torch.save(values, fresh)
        fresh.replace(folder / _STATE)
    except (OSError, RuntimeError, SafetensorError) as error:  # torch.save: RuntimeError
        fresh.unlink(missing_ok=True)
        raise RunError(
            f"{folder}: the state of step {run.step} could not be saved ({error}); make room and "
            "start again: the run goes on from the last one saved"
        ) from error


def resume_run(folder: Path, config: TrainingConfig, team: Team) -> Run | None:
    """Return the run a folder holds, as it was saved last, None where there is none."""
    if not (folder / _STATE).exists():
        return None
    try:
        values = torch.load(folder / _STATE, weights_only=True)
    except (OSError, RuntimeError, UnpicklingError) as error:
        raise RunError(
            f"{folder / _STATE}: cannot be read ({error}); delete it to begin anew"
        ) from error
    start = Start(load_checkpoint(folder / _START), frozenset(values["old_names"]))
    known = config.model_copy(update={"precision": values["precision"]})
    run = begin_run(start, known, team)
    run.checkpoint.model.load_state_dict(values["model"])
    run.average.load_state_dict(values["average"])
    try:
        run.optimizer.load_state_dict(values["optimizer"])
    except ValueError as error:
        raise RunError(
            f"{folder / _STATE}: other parts learned then; give schedule.frozen as it was, or "
            "begin another run from this one's model"
        ) from error
    run.scaler.load_state_dict(values["scaler"])
    if config.schedule.pull:
        # A run that was not pulled until now is pulled to where it is taken up.
        began = [each.to(run.device) for each in values.get("beginning", [])]
        run.beginning = tuple(began) or _halves(run.checkpoint.model)
    run.step, run.epoch, run.batch = values["position"]
    run.best, run.waited = values["best"]
    return run


def _set_rates(run: Run, schedule: ScheduleTable) -> None:
    for group in run.optimizer.param_groups:
        factor = learning_factor(run.step, schedule, group["begin"])
        group["lr"] = group["base"] * factor
        for parameter in group["params"]:
            parameter.requires_grad_(factor > 0.0)


def _kept(model: JointModel) -> JointModel:
    """Return the model as it is, in the precision in which a run keeps its beginning: one that is
    taken up again holds on to the very same."""
    return copy.deepcopy(model).half().float().eval().requires_grad_(False)


def _halves(model: JointModel) -> tuple[Tensor, ...]:
    return tuple(each.detach().half() for each in model.parameters())


def _pull(run: Run, strength: float) -> None:
    """Draw what learns back to where it began."""
    if not run.beginning:
        return
    model = run.checkpoint.model
    began = dict(zip(model.parameters(), run.beginning, strict=True))
    with torch.no_grad():
        for group in run.optimizer.param_groups:
            for parameter in group["params"]:
                if group["lr"] > 0.0:
                    share = min(1.0, group["lr"] * strength)
                    parameter.lerp_(began[parameter].to(parameter.dtype), share)


def _average(run: Run, decay: float) -> None:
    own: list[Tensor] = list(run.average.parameters())
    new = list(run.checkpoint.model.parameters())
    with torch.no_grad():
        torch._foreach_lerp_(own, [p.detach() for p in new], 1.0 - decay)
