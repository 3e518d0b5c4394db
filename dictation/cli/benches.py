"""The parser's commands that time the program."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dictation.cli.options import Config, Json, Limit, Model, extra_missing
from dictation.loading import prepare_torch

Threads = Annotated[int | None, typer.Option(min=1, max=256, help="Threads of the model.")]

benches = typer.Typer(help="Time the program on this machine.")


class Preset(StrEnum):
    """Models whose decoder writes CTC's units."""

    U2PP = "u2pp"
    ARTICLE = "article"
    LARGE = "0.6b"


@benches.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    model: Model = None,
    threads: Threads = None,
    repetitions: Annotated[
        int, typer.Option(min=1, help="Utterances of each length to time.")
    ] = 20,
    seconds: Annotated[
        float, typer.Option(min=0.5, help="How long to watch an idle and a listening worker.")
    ] = 20.0,
    daemon: Annotated[
        bool,
        typer.Option(
            "--daemon", help="Watch the running daemon too: idle, then listening. Be silent."
        ),
    ] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Time the model and its worker on this machine; takes some minutes."""
    if context.invoked_subcommand is not None:
        return
    from dictation.cli.figures import BenchOptions, show_figures

    options = BenchOptions(
        model=model,
        threads=threads,
        repetitions=repetitions,
        seconds=seconds,
        daemon=daemon,
        as_json=as_json,
    )
    show_figures(options, config)


@benches.command("all")
def bench_all(
    out: Annotated[Path, typer.Option("--json", metavar="FILE", help="Where to write it.")],
    manifest: Annotated[
        list[Path] | None,
        typer.Option(help="Error rates on these recordings too; may be given again."),
    ] = None,
    limit: Limit = None,
    hot_words: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What these words change, too.")
    ] = None,
    hot_words_manifest: Annotated[
        Path | None, typer.Option(metavar="FILE", help="In these recordings.")
    ] = None,
    model: Model = None,
    threads: Threads = None,
    repetitions: Annotated[
        int, typer.Option(min=1, help="Utterances of each length to time.")
    ] = 12,
    utterances: Annotated[
        int, typer.Option(min=1, help="Recordings spoken live, in real time.")
    ] = 9,
    seconds: Annotated[
        float, typer.Option(min=0.5, help="How long to watch what is idle or listens.")
    ] = 20.0,
    silence: Annotated[
        float, typer.Option(min=1.0, help="Seconds of silence, and of each set without speech.")
    ] = 300.0,
    daemon: Annotated[
        bool, typer.Option("--daemon", help="The running daemon too. Be silent.")
    ] = False,
    config: Config = None,
) -> None:
    """Measure everything that can be measured here and write one file of it."""
    if (hot_words is None) != (hot_words_manifest is None):
        raise typer.BadParameter("--hot-words and --hot-words-manifest go together")
    prepare_torch(os.environ)
    try:
        from dictation.cli.measuring import Everything, measure_everything
    except ModuleNotFoundError as error:
        raise extra_missing(error, "training") from error
    from dictation.cli.figures import BenchOptions

    bench = BenchOptions(
        model=model,
        threads=threads,
        repetitions=repetitions,
        seconds=seconds,
        daemon=daemon,
        as_json=True,
    )
    wanted = Everything(
        bench=bench,
        utterances=utterances,
        manifests=tuple(manifest or ()),
        limit=limit,
        silence=silence,
        names=hot_words_manifest,
        hot_words=hot_words,
    )
    measure_everything(wanted, config, out)


@benches.command("compare")
def bench_compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="What `bench all` wrote before.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="And what it wrote later.")],
) -> None:
    """Say what became worse or better from one file to another, beyond the noise of measuring."""
    from dictation.cli.measuring import show_comparison

    show_comparison(first, second)


@benches.command("recogniser")
def bench_recogniser(
    shape: Annotated[
        Preset, typer.Option("--preset", help="The shape to time, with random weights.")
    ] = Preset.U2PP,
    threads: Annotated[
        list[int] | None, typer.Option(min=1, max=256, help="Threads, one or more: 1 2.")
    ] = None,
    more: Annotated[list[int] | None, typer.Argument(min=1, max=256, hidden=True)] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "cpu",
    repetitions: Annotated[int, typer.Option(min=1, help="Turns of each part.")] = 40,
    as_json: Json = False,
) -> None:
    """Time each part of the recogniser beside others: torchaudio's, and a textbook's in tests/."""
    from dictation.bench.recogniser import Wanted
    from dictation.cli.timings import show_timings
    from dictation.model.presets import preset

    wanted = Wanted(
        shape.value, preset(shape.value), (*(threads or [1]), *(more or [])), device, repetitions
    )
    show_timings(wanted, as_json=as_json)
