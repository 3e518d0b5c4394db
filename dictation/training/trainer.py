"""The training loop: from manifests and a starting point to a model folder, resumable."""

import itertools
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from dictation.checkpoints.own import save_checkpoint
from dictation.model.features import LogMel
from dictation.training.card import write_card
from dictation.training.config import TrainingConfig, TrainingConfigError
from dictation.training.data import Batch, BatchBuilder, Corpus, load_samples, loader, plan_epoch
from dictation.training.evaluation import greedy_errors
from dictation.training.manifest import read_manifest
from dictation.training.records import ErrorRecord, Records, StepRecord, draw
from dictation.training.run import Run, RunError, begin_run, resume_run, save_run, take_step
from dictation.training.starting import begin, read_teacher
from dictation.training.team import Team, joined

_TOLD_EVERY = 20
_DEV_CHUNKS = (16, None)


@dataclass(frozen=True)
class _Material:
    """What is listened to: corpora, and noise to mix in."""

    corpora: tuple[Corpus, ...]
    noise: tuple[torch.Tensor, ...]

    @property
    def hours(self) -> float:
        return sum(u.duration for corpus in self.corpora for u in corpus.utterances) / 3600


def train(config: TrainingConfig, console: Console, environment: Mapping[str, str]) -> Path:
    """Train until the schedule ends and return the model folder; goes on where it was stopped.

    `environment`: where `torchrun` says which of several processes this is. Raises
    TrainingConfigError, ManifestError, ModelError, RunError or PlacementError, and OSError for a
    full disk.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    with joined(environment, config.device) as team:
        return _train(config, console, team)


def _train(config: TrainingConfig, console: Console, team: Team) -> Path:
    material = _read(config)
    run = resume_run(config.out, config, team)
    if run is None:
        utterances = (u for corpus in material.corpora for u in corpus.utterances)
        run = begin_run(begin(config, utterances), config, team)
    if team.sum_counts([run.step], run.device) != [run.step * team.size]:
        raise RunError(
            f"{config.out}: process {team.rank} is at step {run.step} of its run, others are not; "
            "several machines need this folder on a disk in common"
        )
    teacher = None
    if config.loss.teacher is not None:
        teacher = read_teacher(config.loss.teacher, run.checkpoint.model).to(run.device)
    schedule = config.schedule
    if team.leads:
        console.print(
            f"{material.hours:.1f} h of audio, step {run.step} of {schedule.steps}, "
            f"{run.device}, {run.precision}, processes: {team.size}"
        )
    with _reporter(config, run, console, team) as report:
        for batches in _steps(run, material, config, team):
            record = take_step(run, batches, config, team, teacher)
            report.step(record)
            last = run.step == schedule.steps
            stop = False
            if last or run.step % config.evaluate_every == 0:
                stop = _look(run, config, report, team)
            if team.leads and (last or stop or run.step % config.save_every == 0):
                save_run(run, config.out)
            if stop:
                break
    folder = config.out / "model"
    if team.leads:
        if schedule.patience is None or not config.dev:
            save_checkpoint(run.averaged, folder, torch.float16)
        picture = draw(config.out)
        if picture is not None:
            (folder / picture.name).write_bytes(picture.read_bytes())
        heard = [corpus.utterances for corpus in material.corpora]
        parameters = sum(each.numel() for each in run.average.parameters())
        write_card(folder, config, heard, parameters, picture)
        console.print(f"model: {folder}")
    return folder


def _read(config: TrainingConfig) -> _Material:
    corpora = [
        Corpus(read_manifest(table.manifest), table.weight, table.keep) for table in config.corpus
    ]
    if not any(corpus.utterances for corpus in corpora):
        raise TrainingConfigError("the corpora hold no utterance with a text")
    noise = [load_samples(u.audio) for path in config.noise for u in read_manifest(path)]
    silence = [utterance for path in config.silence for utterance in read_manifest(path)]
    if silence:
        corpora.append(Corpus(silence, config.silence_weight))
    return _Material(tuple(corpora), tuple(map(torch.from_numpy, noise)))


def _steps(
    run: Run, material: _Material, config: TrainingConfig, team: Team
) -> Iterator[tuple[Batch, ...]]:
    """Yield this process's batches of each step that is left, over the epochs."""
    size = config.schedule.accumulate
    noise = [each.numpy() for each in material.noise]
    features = LogMel(run.checkpoint.model.config.features)  # stays with the loaders' processor
    while True:
        plan = plan_epoch(material.corpora, config.batch_seconds, config.seed, run.epoch)
        mine = team.share(len(plan))
        if len(mine) < size:
            raise TrainingConfigError(
                f"the corpora give each process {len(mine)} batches an epoch, a step takes {size}; "
                "make batch_seconds smaller"
            )
        builder = BatchBuilder(
            material.corpora,
            plan,
            noise,
            features,
            run.checkpoint.tokenizer,
            run.checkpoint.decoder_tokenizer,
            config.augmentation,
            (config.seed, run.epoch),
        )
        batches = loader(builder, mine[run.batch :], config.loaders)
        while len(step := tuple(itertools.islice(batches, size))) == size:
            if run.step >= config.schedule.steps:
                return
            yield step
        run.epoch, run.batch = run.epoch + 1, 0


def _look(run: Run, config: TrainingConfig, report: "_Report", team: Team) -> bool:
    """Listen to the development sets; whether the run is to end for want of progress."""
    stop = False
    if team.leads and config.dev:
        record = ErrorRecord(run.step, dict(_errors(run, config)))
        report.errors(record)
        better = record.mean < run.best
        run.best, run.waited = (record.mean, 0) if better else (run.best, run.waited + 1)
        patience = config.schedule.patience
        if patience is not None:
            if better:
                save_checkpoint(run.averaged, config.out / "model", torch.float16)
            stop = run.waited >= patience
    return bool(team.sum_counts([int(stop)], run.device)[0])


def _errors(run: Run, config: TrainingConfig) -> Iterator[tuple[str, float]]:
    for path in config.dev:
        utterances = read_manifest(path)
        every = max(1, len(utterances) // config.dev_limit)
        chosen = utterances[::every][: config.dev_limit]
        audio = [torch.from_numpy(load_samples(utterance.audio)) for utterance in chosen]
        for chunk_size in _DEV_CHUNKS:
            rate = greedy_errors(run.average, run.checkpoint.tokenizer, chosen, audio, chunk_size)
            context = "full context" if chunk_size is None else f"chunk {chunk_size}"
            yield f"{path.parent.name}/{path.stem}, {context}", rate


class _Report:
    """Tells of a run: files always, a bar on a terminal, a line now and then elsewhere."""

    def __init__(
        self, records: Records | None, console: Console, bar: Progress, steps: int
    ) -> None:
        self._records = records
        self._console = console
        self._bar = bar
        self._task = bar.add_task("", total=steps)
        self._steps = steps
        self._began, self._heard = time.monotonic(), 0.0

    def step(self, record: StepRecord) -> None:
        if self._records is None:
            return
        self._records.add(record)
        self._heard += record.seconds
        speed = self._heard / (time.monotonic() - self._began)
        line = (
            f"step {record.step}/{self._steps} loss {record.loss:.2f} ctc {record.ctc:.2f} "
            f"attention {record.attention:.2f} language {record.language:.3f} "
            f"norm {record.norm:.1f} {speed:.0f} s/s"
        )
        self._bar.update(self._task, completed=record.step, description=line)
        if record.step % _TOLD_EVERY == 0 and not self._console.is_terminal:
            self._console.print(line)

    def errors(self, record: ErrorRecord) -> None:
        if self._records is not None:
            self._records.add(record)
        for name, rate in record.errors.items():
            self._console.print(f"  {name}: {rate:.1%}")


@contextmanager
def _reporter(config: TrainingConfig, run: Run, console: Console, team: Team) -> Iterator[_Report]:
    records = Records(config.out, run.step) if team.leads else None
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    bar = Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        disable=not (team.leads and console.is_terminal),
    )
    try:
        with bar:
            yield _Report(records, console, bar, config.schedule.steps)
    finally:
        if records is not None:
            records.close()
