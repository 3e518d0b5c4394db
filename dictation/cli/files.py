"""`dictation transcribe`: files in, texts or subtitles out; no broken file hinders another."""

import json
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from dictation.batch import outputs
from dictation.batch.finding import Found as FoundFile
from dictation.batch.finding import find, targets
from dictation.batch.pool import work_together
from dictation.batch.watching import LOOK_SECONDS, Watch, looks
from dictation.batch.work import (
    Failed,
    Finished,
    Found,
    Message,
    Recipe,
    Resumed,
    Skipped,
    Task,
    left_to_do,
    prepared_recognizer,
    work,
)
from dictation.cli.progress import ProgressBars, clock
from dictation.config import ModelSection, Settings, load_settings
from dictation.errors import DictationError
from dictation.loading import segmenter_settings
from dictation.text.hot_words import read_hot_words
from dictation.transcription import (
    Caption,
    Damage,
    FileRecognizer,
    Progress,
    Transcript,
    TranscriptionSettings,
)
from dictation.transcripts.formats import values_of, written
from dictation.transcripts.kinds import Format
from dictation.writing import file_writing, user_words


class TranscribeError(DictationError):
    """Options that do not go together."""


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What the user asked for; `formats` empty: plain text."""

    formats: tuple[Format, ...] = ()
    folder: Path | None = None
    force: bool = False
    as_json: bool = False
    stream: bool = False
    partials: bool = False
    hot_words: Path | None = None
    jobs: int = 1
    model: str | None = None
    formatted: bool = True


def transcribe_files(files: Sequence[str], config: Path | None, options: FileOptions) -> bool:
    """Print or write what each file says, in order; whether all of them could be read.

    Raises DictationError before the work begins.
    """
    recipe = recipe_of(load_settings(config), options)
    tasks, told = left_to_do(tasks_of(files, options), recipe)
    if not tasks:
        return report(told, tasks, options, iter(()))
    if options.jobs > 1 and len(tasks) > 1:
        return report(told, tasks, options, work_together(tasks, recipe, options.jobs))
    recognizer = prepared_recognizer(recipe)
    return report(told, tasks, options, work_alone(tasks, recipe, recognizer))


def watch_folder(folder: Path, config: Path | None, options: FileOptions) -> None:
    """Write the files made of whatever is put into a folder, until interrupted.

    Raises DictationError before the work begins, and when nothing can be written any more.
    """
    if options.folder is None:
        raise TranscribeError("--watch needs --output-dir: say where the texts go")
    if not folder.is_dir():
        raise TranscribeError(f"{folder}: is no folder; name one to --watch")
    recipe = recipe_of(load_settings(config), options)
    outputs.prepare(options.folder)
    recognizer = prepared_recognizer(recipe)
    print(f"watching {folder}; Ctrl+C ends it", flush=True)
    watch = Watch()
    while True:
        seen = looks(folder)
        ready = watch.complete({found.path: look for found, look in seen.items()}, time.monotonic())
        if ready:
            tasks = [task for task in _written_tasks(list(seen), options.folder)
                     if task.source in ready]  # fmt: skip
            tasks, told = left_to_do(tasks, recipe)
            report(told, tasks, options, work_alone(tasks, recipe, recognizer))
        time.sleep(LOOK_SECONDS)


def recipe_of(settings: Settings, options: FileOptions) -> Recipe:
    """The settings with what the command line says over them. Raises DictationError."""
    if options.hot_words is not None:
        words = read_hot_words(options.hot_words)
    else:
        words = user_words(settings)
    return Recipe(
        model=_model(settings.model, options),
        options=TranscriptionSettings(
            stream=options.stream,
            chunk_ms=settings.recognition.chunk_ms,
            segmenter=segmenter_settings(settings),
            writing=file_writing(settings, words) if options.formatted else None,
        ),
        formats=options.formats or (Format.TXT,),
        force=options.force,
        hot_words=options.hot_words,
        recognition=settings.recognition,
    )


def _model(section: ModelSection, options: FileOptions) -> ModelSection:
    if options.model is not None:
        section = section.model_copy(update={"name": options.model})
    if options.jobs > 1 and section.threads == 0:
        # Several processes are the threads.
        section = section.model_copy(update={"threads": 1})
    return section


def tasks_of(files: Sequence[str], options: FileOptions) -> list[Task]:
    """A task for each file that is meant. Raises DictationError."""
    if options.folder is not None:
        if "-" in files:
            raise TranscribeError("-: standard input has no name to call a file in --output-dir")
        outputs.prepare(options.folder)
        return _written_tasks(find(map(Path, files)), options.folder)
    if len(options.formats) > 1:
        raise TranscribeError("several formats need --output-dir: say where the files go")
    tasks: list[Task] = []
    for file in files:
        sources = [None] if file == "-" else [found.path for found in find([Path(file)])]
        tasks += [Task(len(tasks) + number, source) for number, source in enumerate(sources)]
    if options.formats not in ((), (Format.TXT,)) and len(tasks) > 1:
        raise TranscribeError("several files need --output-dir: say where the files go")
    return tasks


def _written_tasks(found: Sequence[FoundFile], folder: Path) -> list[Task]:
    places = targets(found, folder)
    return [
        Task(number, each.path, place)
        for number, (each, place) in enumerate(zip(found, places, strict=True))
    ]


def work_alone(
    tasks: Iterable[Task], recipe: Recipe, recognizer: FileRecognizer
) -> Iterator[Message]:
    """One file after the other with a recogniser that is loaded."""
    for task in tasks:
        yield from work(task, recipe, recognizer)


def report(
    told: Iterable[Message], tasks: list[Task], options: FileOptions, messages: Iterator[Message]
) -> bool:
    """Show what `told` and `messages` say of `tasks`; whether no file failed.

    Raises DictationError when nothing can be written any more. Ends the work when it ends.
    """
    printer = Printer(options, several=len(tasks) > 1)
    all_good = True
    with closing_iterator(messages), ProgressBars(tasks) as bars:
        for message in chain(told, messages):
            match message:
                case Resumed(task, seconds):
                    bars.resumed(task, seconds)
                    bars.say(f"dictation: {task.name}: goes on after {clock(seconds)}")
                case Found(task, Progress(seconds)):
                    bars.advance(task, seconds)
                case Found(task, Damage(error)):
                    bars.say(f"dictation: {error}")
                case Found(task, Caption(seconds, text)):
                    printer.caption(task, seconds, text)
                case Found():
                    pass
                case Finished(task, transcript):
                    bars.end(task)
                    printer.end(task, transcript)
                case Skipped(task):
                    bars.say(f"dictation: {task.name}: is done already (--force does it again)")
                case Failed(task, text, fatal):
                    bars.end(task)
                    if fatal:
                        raise DictationError(text)
                    all_good = False
                    bars.say(f"dictation: {text}")
                    printer.end(task, None)
    return all_good


@contextmanager
def closing_iterator(messages: Iterator[Message]) -> Iterator[None]:
    """End the work behind the messages, whatever happens."""
    try:
        yield
    finally:
        if isinstance(messages, Generator):
            messages.close()


class Printer:
    """Puts captions and transcripts on standard output, in the order of the files."""

    def __init__(self, options: FileOptions, *, several: bool) -> None:
        self._options = options
        self._several = several
        self._ended: dict[int, Transcript | None] = {}
        self._next = 0

    def caption(self, task: Task, seconds: float, text: str) -> None:
        """Print a caption that stood after so many seconds of the file."""
        if not self._options.partials:
            return
        if self._options.as_json:
            _print_json({"file": task.name, "at": round(seconds, 3), "partial": text})
        else:
            print(f"{seconds:8.2f} s … {text}", flush=True)

    def end(self, task: Task, transcript: Transcript | None) -> None:
        """Print what a whole file says, once those before it are printed; None: it failed."""
        self._ended[task.number] = transcript
        while self._next in self._ended:
            ended = self._ended.pop(self._next)
            self._next += 1
            if ended is not None:
                self._print(ended)

    def _print(self, transcript: Transcript) -> None:
        options = self._options
        if options.as_json:
            _print_json(values_of(transcript))
        if options.as_json or options.folder is not None:
            return
        if self._several:
            print(f"==> {transcript.file} <==")
        (form,) = options.formats or (Format.TXT,)
        print(written(transcript, form), end="", flush=True)


def _print_json(values: dict[str, object]) -> None:
    print(json.dumps(values, ensure_ascii=False), flush=True)
