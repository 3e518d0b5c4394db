"""The parser's commands about models: making, judging and timing them."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dictation.errors import DictationError
from dictation.loading import prepare_torch, prepare_training
from dictation.training.corpora import CorpusName

Config = Annotated[
    Path | None, typer.Option(help="A settings file in place of the user's own.", metavar="FILE")
]
Model = Annotated[str | None, typer.Option(help="A model's name or folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_CHUNKS = (320, 640)


class Preset(StrEnum):
    """Models whose decoder writes CTC's units."""

    U2PP = "u2pp"
    ARTICLE = "article"
    LARGE = "0.6b"


class FinalWay(StrEnum):
    """The ways to decide on the final text: recognition.final."""

    AUTO = "auto"
    RESCORE = "rescore"
    REFINE = "refine"
    SEARCH = "search"


class CaptionSource(StrEnum):
    """Who writes the captions: recognition.captions."""

    CTC = "ctc"
    DECODER = "decoder"


class PrecisionName(StrEnum):
    """What a model may compute in: model.precision."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"
    INT8 = "int8"


def register(app: typer.Typer) -> None:
    """Add the commands of this file to the parser."""
    for command in (train, manifest, label, evaluate, synthesize):
        app.command()(command)
    benches = typer.Typer(help="Time the program on this machine.")
    benches.callback(invoke_without_command=True)(bench)
    benches.command("recogniser")(bench_recogniser)
    benches.command("all")(bench_all)
    benches.command("compare")(bench_compare)
    app.add_typer(benches, name="bench")


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="What to train, on what.")],
) -> None:
    """Train a model; goes on where an earlier run with the same configuration was stopped."""
    from rich.console import Console

    from dictation.training.config import read_training_config

    settings = read_training_config(config)
    prepare_training(os.environ)
    try:
        from dictation.training.trainer import train as run
    except ModuleNotFoundError as error:
        raise _extra_missing(error, "training") from error
    console = Console(highlight=False, soft_wrap=True)
    run(settings, console, os.environ)


def manifest(
    corpus: Annotated[CorpusName, typer.Argument(help="Which corpus it is.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where it was unpacked.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where the manifests are put.")],
) -> None:
    """Write training manifests for a published corpus from its own layout."""
    from dictation.cli.corpus import write_corpus_manifests

    write_corpus_manifests(corpus, folder, out)


def label(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="Recordings without text.")],
    teacher: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A faster-whisper model, which listens.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The manifest that is written.")],
    language: Annotated[
        str | None, typer.Option(help="What all of them speak: zh or en; else it is told by ear.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads that compute.")] = 2,
) -> None:
    """Let a teacher write the texts of recordings that have none; goes on where it was stopped."""
    from dictation.cli.corpus import label_clips

    label_clips(manifest, teacher, out, language, threads)


def evaluate(
    manifest: Annotated[
        list[Path], typer.Option(help="A list of recordings and texts; may be given again.")
    ],
    model: Model = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Score the streaming first pass too.")
    ] = False,
    chunk_ms: Annotated[
        list[int] | None,
        typer.Option(
            "--chunk-ms", help="With --stream: sound in a chunk, 320 or 640 ms; give both for both."
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="So many recordings of each manifest, spread evenly.")
    ] = None,
    final: Annotated[
        FinalWay | None, typer.Option(help="How the final text is decided, over the settings.")
    ] = None,
    captions: Annotated[
        CaptionSource | None, typer.Option(help="With --stream: who writes captions.")
    ] = None,
    window_ms: Annotated[
        int | None,
        typer.Option(
            min=0, max=10_000, help="With --stream: sound heard again with what follows it."
        ),
    ] = None,
    hot_words: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Measure instead what these words change: recall, insertions."
        ),
    ] = None,
    precision: Annotated[
        list[PrecisionName] | None,
        typer.Option(help="Measure instead what this changes against the first; give it again."),
    ] = None,
    lengths: Annotated[
        bool,
        typer.Option("--lengths", help="Measure instead how soon languages are told apart."),
    ] = False,
    formatted: Annotated[
        bool,
        typer.Option("--formatted", help="Score the text as delivered too, by characters."),
    ] = False,
    hypotheses: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a JSON line for each recording.")
    ] = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Measure a model: error rates, languages told apart, real-time factor."""
    chunks_ms = tuple(sorted({*(chunk_ms or _CHUNKS[:1])}))
    for each in chunks_ms:
        if each not in _CHUNKS:
            raise typer.BadParameter(f"--chunk-ms takes 320 or 640, not {each}")
    prepare_torch(os.environ)
    try:
        from dictation.cli.lengths import evaluate_lengths
        from dictation.cli.names import evaluate_names
        from dictation.cli.precisions import evaluate_precisions
        from dictation.cli.rates import EvaluationOptions, evaluate_model
    except ModuleNotFoundError as error:
        raise _extra_missing(error, "training") from error
    if hot_words is not None:
        evaluate_names(manifest, hot_words, config, model=model, limit=limit, as_json=as_json)
        return
    if lengths:
        evaluate_lengths(manifest, config, model=model, limit=limit, as_json=as_json)
        return
    if precision:
        evaluate_precisions(manifest, precision, config, model=model, limit=limit, as_json=as_json)
        return
    options = EvaluationOptions(
        manifests=tuple(manifest),
        model=model,
        chunks_ms=chunks_ms if stream else (),
        limit=limit,
        final=final,
        captions=captions,
        window_ms=window_ms,
        hypotheses=hypotheses,
        as_json=as_json,
        formatted=formatted,
    )
    evaluate_model(options, config)


def synthesize(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the sets are made.")],
    set_name: Annotated[
        str, typer.Option("--set", help="The set; dev... has voices and sentences of its own.")
    ] = "train",
    hours: Annotated[float | None, typer.Option(min=0.0, help="End after so much sound.")] = None,
    clips: Annotated[int | None, typer.Option(min=1, help="End after so many clips.")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.0, help="End after so much time of work.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same clips.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes at work.")] = 2,
    cache: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the voice's model is put together.")
    ] = Path("cache"),
    voices: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Kokoro's base voices, NAME.bin (npm pack kokoro-js)."),
    ] = None,
    tatoeba: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Tatoeba's sentence pairs, as TSV.")
    ] = None,
    texts: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Sentences of your own, one a line; may be given again."),
    ] = None,
    shares: Annotated[
        tuple[float, float, float],
        typer.Option(min=0.0, help="Shares of Mandarin, English and mixed sentences."),
    ] = (0.26, 0.40, 0.34),
    teacher: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A faster-whisper model that reads clips back."),
    ] = None,
    hibari_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="English that the cheap voice speaks.")
    ] = 0.6,
) -> None:
    """Synthesize a corpus of Mandarin, English and mixed speech; goes on where it was stopped."""
    if hours is None and clips is None and minutes is None:
        raise typer.BadParameter("say when to end: --hours, --clips or --minutes")
    if not any(shares):
        raise typer.BadParameter("--shares: one of them has to be above 0")
    try:
        from dictation.cli.corpus import synthesize_corpus
        from dictation.training.synthesis import SynthesisOptions
    except ModuleNotFoundError as error:
        raise _extra_missing(error, "synthesis") from error
    options = SynthesisOptions(
        out=out,
        set_name=set_name,
        hours=hours,
        clips=clips,
        minutes=minutes,
        seed=seed,
        workers=workers,
        cache=cache,
        voices=voices,
        tatoeba=tatoeba,
        texts=tuple(texts or ()),
        shares=dict(zip(("zh", "en", "mix"), shares, strict=True)),
        teacher=teacher,
        hibari_share=hibari_share,
    )
    synthesize_corpus(options)


def bench(
    context: typer.Context,
    model: Model = None,
    threads: Annotated[
        int | None, typer.Option(min=1, max=256, help="Threads of the model.")
    ] = None,
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


def bench_all(
    out: Annotated[Path, typer.Option("--json", metavar="FILE", help="Where to write it.")],
    manifest: Annotated[
        list[Path] | None,
        typer.Option(help="Error rates on these recordings too; may be given again."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="So many recordings of each manifest, spread evenly.")
    ] = None,
    hot_words: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What these words change, too.")
    ] = None,
    hot_words_manifest: Annotated[
        Path | None, typer.Option(metavar="FILE", help="In these recordings.")
    ] = None,
    model: Model = None,
    threads: Annotated[
        int | None, typer.Option(min=1, max=256, help="Threads of the model.")
    ] = None,
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
        raise _extra_missing(error, "training") from error
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


def bench_compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="What `bench all` wrote before.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="And what it wrote later.")],
) -> None:
    """Say what became worse or better from one file to another, beyond the noise of measuring."""
    from dictation.cli.measuring import show_comparison

    show_comparison(first, second)


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


def _extra_missing(error: ModuleNotFoundError, extra: str) -> DictationError:
    return DictationError(f"{error.name} is not installed: pip install 'dictation[{extra}]'")
