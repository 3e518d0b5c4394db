"""The parser's commands about texts: what was said, and how it is written."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dictation.history import History

Config = Annotated[
    Path | None, typer.Option(help="A settings file in place of the user's own.", metavar="FILE")
]
Number = Annotated[int, typer.Argument(metavar="N", help="The number `dictation history` shows.")]

history = typer.Typer(
    help="What was said: the newest texts, or one of the commands below.",
    invoke_without_command=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands of this file to the parser."""
    app.command("format")(format_lines)
    app.add_typer(history, name="history")


def format_lines(config: Config = None) -> None:
    """Write lines of standard input as dictated text is written, each as soon as it is read."""
    from dictation.cli.writing import write_lines

    write_lines(config)


@history.callback()
def show_recent(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="So many of the newest texts.")] = 20,
    config: Config = None,
) -> None:
    """Print the newest texts, each with its number."""
    from dictation.cli.history import show, user_history

    opened = user_history(config)
    context.obj = opened
    context.call_on_close(opened.close)
    if context.invoked_subcommand is None:
        show(opened.recent(limit))


@history.command("search")
def search_history(
    context: typer.Context,
    text: Annotated[list[str], typer.Argument(metavar="TEXT", help="A part of what was said.")],
) -> None:
    """Print the texts that hold TEXT."""
    from dictation.cli.history import show

    show(_opened(context).search(" ".join(text)))


@history.command("copy")
def copy_text(
    context: typer.Context,
    number: Annotated[
        int | None, typer.Argument(metavar="[N]", help="A text's number; the newest without it.")
    ] = None,
) -> None:
    """Put a text into the clipboard."""
    from dictation.cli.history import copy

    copy(_opened(context), number)


@history.command("correct")
def correct_text(
    context: typer.Context,
    number: Number,
    text: Annotated[list[str], typer.Argument(metavar="TEXT", help="What it should have been.")],
) -> None:
    """Say what a text should have been; `dictation words learn` learns from it."""
    _opened(context).correct(number, " ".join(text))


@history.command("export")
def export_history(
    context: typer.Context,
    file_format: Annotated[str, typer.Argument(metavar="json|csv|txt")] = "json",
) -> None:
    """Print the whole history, oldest first."""
    from dictation.cli.history import export

    match file_format:
        case "json" | "csv" | "txt":
            export(_opened(context), file_format)
        case _:
            raise typer.BadParameter(f"{file_format!r} is none of json, csv and txt")


@history.command("clear")
def clear_history(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete the whole history."""
    from dictation.cli.history import clear

    if not yes:
        typer.confirm("Delete every text of the history?", abort=True)
    clear(_opened(context))


def _opened(context: typer.Context) -> "History":
    opened: History = context.obj
    return opened
