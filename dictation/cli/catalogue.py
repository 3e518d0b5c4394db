"""The parser's `dictation models`: what there is, what is here, how large it is."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dictation.cli.options import Json

models = typer.Typer(help="Models: what there is, what is here, how large.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name of `dictation models list`.")]


class NgramScript(StrEnum):
    """Whose words to take."""

    ZH = "zh"
    EN = "en"


@models.command("list")
def list_models(as_json: Json = False) -> None:
    """List the models that come with Dictation, the published ones, and which are here."""
    from dictation.cli.models import show_models

    show_models(as_json=as_json)


@models.command()
def info(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A model, a model folder, or article, 0.6b, u2pp, starter."
        ),
    ],
    units: Annotated[
        int | None, typer.Option(min=2, help="Units of the vocabulary, for a model to be trained.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print parameters, memory and frame rate of a model, and what its publishers say of it."""
    from dictation.cli.sizes import show_info

    show_info(name, units, as_json=as_json)


@models.command()
def download(
    name: Name,
    url: Annotated[
        str | None, typer.Option(help="Get its archive here in place of the published addresses.")
    ] = None,
) -> None:
    """Get a published model; goes on where an earlier download broke off."""
    from dictation.cli.models import download_model

    download_model(name, url)


@models.command()
def remove(name: Name) -> None:
    """Delete a downloaded or imported model."""
    from dictation.cli.models import remove_model

    remove_model(name)


@models.command()
def path(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A model; without, all downloaded ones.")
    ] = None,
) -> None:
    """Print the folder of a model, or the one downloads are put into."""
    from dictation.cli.models import show_path

    show_path(name)


@models.command("import")
def import_model(
    source: Annotated[
        Path, typer.Argument(metavar="DIR", help="A WeNet U2 or U2++ Conformer: train.yaml etc.")
    ],
    target: Annotated[
        Path | None,
        typer.Argument(
            metavar="OUT",
            help="A folder that is not there yet; without, the model is known by DIR's name.",
        ),
    ] = None,
) -> None:
    """Turn a published WeNet model into a model folder of Dictation's own."""
    from dictation.cli.models import import_model

    import_model(source, target)


@models.command()
def average(
    first: Annotated[str, typer.Argument(metavar="A", help="A model's name or folder.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another of the same shape.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that is not there yet.")],
    weight: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="How far from A towards B: 0 is A, 1 is B.")
    ] = 0.5,
    part: Annotated[
        str | None, typer.Option(help="Only of this part, as decoder or encoder.blocks.")
    ] = None,
) -> None:
    """Average the weights of two models, as of one before and after it was trained further."""
    from dictation.cli.models import average_models

    average_models(first, second, weight, target, part)


@models.command()
def compress(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name or folder.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that is not there yet.")],
) -> None:
    """Write a model with a byte a weight: half as large as in half precision."""
    from dictation.cli.models import compress_model

    compress_model(model, target)


@models.command()
def grow(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name or folder.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that is not there yet.")],
) -> None:
    """Add the common Chinese characters that a model's vocabulary lacks."""
    from dictation.cli.models import grow_model

    grow_model(model, target)


@models.command()
def ngrams(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name or folder.")],
    source: Annotated[Path, typer.Argument(metavar="ARPA", help="N-grams in the ARPA format.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that is not there yet.")],
    script: Annotated[
        NgramScript, typer.Option("--language", help="Which words of the file to take.")
    ] = NgramScript.ZH,
    order: Annotated[
        int, typer.Option(min=1, max=3, help="Words in the longest n-grams to take.")
    ] = 3,
) -> None:
    """Write a model that knows which words follow which, from a file in the ARPA format."""
    from dictation.cli.models import add_ngrams

    add_ngrams(model, source, target, script.value, order)


@models.command()
def mixed(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name or folder.")],
    tuned: Annotated[
        str, typer.Argument(metavar="TUNED", help="The same, its encoder trained on mixed speech.")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that is not there yet.")],
) -> None:
    """Write a model that hears sentences in two languages with a second encoder."""
    from dictation.cli.models import add_mixed

    add_mixed(model, tuned, target)
