"""The parser's commands about models: making and judging them."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dictation.cli.options import Config, Json, Limit, Model, extra_missing
from dictation.loading import prepare_torch, prepare_training
from dictation.training.corpora import CorpusName

_CHUNKS = (320, 640)


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
        raise extra_missing(error, "training") from error
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
    limit: Limit = None,
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
        raise extra_missing(error, "training") from error
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
    texts_share: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="How many sentences are your own; default: 0.35-0.5."),
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
        raise extra_missing(error, "synthesis") from error
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
        texts_share=texts_share,
        shares=dict(zip(("zh", "en", "mix"), shares, strict=True)),
        teacher=teacher,
        hibari_share=hibari_share,
    )
    synthesize_corpus(options)
