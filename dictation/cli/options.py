"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from dictation.errors import DictationError

Config = Annotated[
    Path | None, typer.Option(help="A settings file in place of the user's own.", metavar="FILE")
]
Model = Annotated[str | None, typer.Option(help="A model's name or folder.")]
Limit = Annotated[
    int | None, typer.Option(min=1, help="So many recordings of each manifest, spread evenly.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def extra_missing(error: ModuleNotFoundError, extra: str) -> DictationError:
    """Return what to say where a command needs an extra that was not installed."""
    return DictationError(f"{error.name} is not installed: pip install 'dictation[{extra}]'")
