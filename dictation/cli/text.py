"""The parser's commands about texts: what was said, and how it is written."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dictation.cli.options import Config

if TYPE_CHECKING:
    from dictation.history import History

Number = Annotated[int, typer.Argument(metavar="N", help="The number `dictation history` shows.")]

history = typer.Typer(
    help="What was said: the newest texts, or one of the commands below.",
    invoke_without_command=True,
)
words = typer.Typer(
    help="Your own words: listened for, and put right where they come out wrong.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands of this file to the parser."""
    app.command("format")(format_lines)
    app.add_typer(history, name="history")
    app.add_typer(words, name="words")


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


@words.command("list")
def list_words(config: Config = None) -> None:
    """Print your words."""
    from dictation.cli.words import list_words

    list_words(config)


@words.command("add")
def add_word(
    phrase: Annotated[str, typer.Argument(metavar="PHRASE", help="As it is to be written.")],
    heard: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What is recognised in its place.")
    ] = None,
    boost: Annotated[
        float | None, typer.Option(min=0.1, max=20.0, help="How readily it is heard; usually 3.")
    ] = None,
    config: Config = None,
) -> None:
    """Add a word, name or phrase."""
    from dictation.cli.words import add_word

    if heard is not None and boost is not None:
        raise typer.BadParameter("--heard and --boost do not go together")
    add_word(config, phrase, heard, boost)


@words.command("remove")
def remove_word(
    phrase: Annotated[str, typer.Argument(metavar="PHRASE")], config: Config = None
) -> None:
    """Remove a word with all that is heard for it."""
    from dictation.cli.words import remove_word

    remove_word(config, phrase)


@words.command("import")
def import_words(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A list; - is standard input.")],
    config: Config = None,
) -> None:
    """Add the words of a list: a word, or `heard -> written`, a line."""
    from dictation.cli.words import import_words

    import_words(config, file)


@words.command("learn")
def learn_words(
    add: Annotated[
        bool, typer.Option("--add", help="Put what is proposed into your list.")
    ] = False,
    config: Config = None,
) -> None:
    """Propose words from what you have corrected, or taken back and said again."""
    from dictation.cli.words import learn_words

    learn_words(config, add=add)


def _opened(context: typer.Context) -> "History":
    opened: History = context.obj
    return opened
