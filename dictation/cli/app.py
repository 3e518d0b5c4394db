"""The parser: every command with its options, each a thin call into one room."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from dictation.cli import model as model_commands
from dictation.cli import text as text_commands
from dictation.cli.benches import benches
from dictation.cli.catalogue import models
from dictation.cli.options import Config, Json
from dictation.transcripts.kinds import Format

app = typer.Typer(
    name="dictation",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(models, name="models")
app.add_typer(benches, name="bench")


def _show_version(asked: bool) -> None:
    if asked:
        print(f"dictation {version('dictation')}")
        raise typer.Exit


@app.callback()
def dictation(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Local, private, streaming dictation for Mandarin, English and both in one sentence."""


@app.command()
def run(
    config: Config = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say more of what happens.")] = False,
) -> None:
    """Start the daemon: tray, dictation key, captions, text into the focused window."""
    from dictation.daemon.main import run_daemon

    run_daemon(config, verbose=verbose)


@app.command()
def toggle() -> None:
    """Start listening, or stop and deliver what was said."""
    from dictation.cli.remote import send

    send("toggle")


@app.command()
def start() -> None:
    """Start listening."""
    from dictation.cli.remote import send

    send("start")


@app.command()
def undo() -> None:
    """Take the last text back out of its window, if nothing has changed there since."""
    from dictation.cli.remote import send

    send("undo")


@app.command()
def copy_last() -> None:
    """Put the last text into the clipboard."""
    from dictation.cli.remote import send

    send("copy_last")


@app.command()
def stop() -> None:
    """Stop listening and deliver what was said."""
    from dictation.cli.remote import send

    send("stop")


@app.command()
def cancel() -> None:
    """Stop listening and drop what was said."""
    from dictation.cli.remote import send

    send("cancel")


@app.command()
def language(
    choice: Annotated[str | None, typer.Argument(metavar="[auto|zh|en|next]")] = None,
) -> None:
    """Choose the language that is spoken, or say which one is chosen."""
    from dictation.cli.remote import choose, show_choice

    if choice is None:
        show_choice("language")
    else:
        choose("language", choice)


@app.command()
def mode(
    choice: Annotated[str | None, typer.Argument(metavar="[hold|toggle|double-tap|hands-free]")] = (
        None
    ),
) -> None:
    """Choose how listening begins and ends, or say how."""
    from dictation.cli.remote import choose, show_choice

    if choice is None:
        show_choice("mode")
    else:
        choose("mode", choice)


@app.command()
def microphone(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help='By name; "" is the system\'s default.'),
    ] = None,
) -> None:
    """Choose a microphone, or list those there are."""
    from dictation.cli.remote import choose, show_microphones

    if name is None:
        show_microphones()
    else:
        choose("microphone", name)


@app.command()
def mute(choice: Annotated[str, typer.Argument(metavar="[on|off|toggle]")] = "on") -> None:
    """Close the microphone (on), or open it again (off)."""
    from dictation.cli.remote import choose

    choose("mute", choice)


@app.command()
def status(as_json: Json = False) -> None:
    """Say how the running daemon does, with the latencies of its last text."""
    from dictation.cli.remote import show_status

    show_status(as_json=as_json)


@app.command()
def settings(
    config: Config = None,
    page: Annotated[str, typer.Option(help="A section of config.toml, or about.")] = "trial",
) -> None:
    """Open a window with every setting, a level meter and a box to try dictation in."""
    from dictation.preferences.app import run_settings

    run_settings(config, page)


@app.command()
def display(choice: Annotated[str, typer.Argument(metavar="auto|zh|en")]) -> None:
    """Choose the language of the running daemon's menus and messages."""
    from dictation.cli.remote import choose

    choose("display", choice)


@app.command("model")
def use_model(
    name: Annotated[str, typer.Argument(help="One that is installed, or its folder.")],
) -> None:
    """Let the running daemon recognise with another model, from now on and after a restart."""
    from dictation.cli.remote import choose

    choose("model", name)


@app.command()
def restart() -> None:
    """Start the running daemon again, with the settings as they are now."""
    from dictation.cli.remote import send

    send("restart")


@app.command("quit")
def end() -> None:
    """End the running daemon; what is open is finished and delivered first."""
    from dictation.cli.remote import send

    send("quit")


@app.command()
def devices(as_json: Json = False) -> None:
    """List the microphones and mark the one in use by default."""
    from dictation.cli.machine import show_devices

    show_devices(as_json=as_json)


@app.command()
def doctor(config: Config = None, as_json: Json = False) -> None:
    """Say what works on this machine and what to install for what does not."""
    from dictation.cli.machine import show_checks

    if not show_checks(config, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def install(
    start: Annotated[
        str | None,
        typer.Option(
            help="What starts it with the desktop; service, a systemd unit, where there is one.",
            metavar="service|autostart|none",
        ),
    ] = None,
) -> None:
    """Add Dictation to the desktop's menu and start it with the desktop."""
    from dictation.cli.installing import install_here

    install_here(start)


@app.command()
def uninstall() -> None:
    """Remove everything that `dictation install` made."""
    from dictation.cli.installing import uninstall_here

    uninstall_here()


@app.command()
def transcribe(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE...", help="Audio or video files, or folders of them; - is standard input."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
    formats: Annotated[
        list[Format] | None,
        typer.Option("--format", help="What to make; may be given several times."),
    ] = None,
    output_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write files there instead of printing.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Do again what is there already, and write over it.")
    ] = False,
    watch: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Wait for files in this folder; needs --output-dir."),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=1, max=64, help="Files worked on at once, a process each.")
    ] = 1,
    hot_words: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Words to listen for, one a line.")
    ] = None,
    formatted: Annotated[
        bool,
        typer.Option(
            " /--no-format", help="Print texts as the model gives them.", show_default=False
        ),
    ] = True,
    stream: Annotated[
        bool, typer.Option("--stream", help="Decode chunk by chunk, as the microphone is.")
    ] = False,
    partials: Annotated[
        bool, typer.Option("--partials", help="With --stream: print captions as they come.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="A model's name or folder.")] = None,
    config: Config = None,
) -> None:
    """Print or write what is said in audio and video files: text, subtitles or JSON."""
    if partials and not stream:
        raise typer.BadParameter("--partials needs --stream")
    if bool(files) == bool(watch):
        raise typer.BadParameter("name files and folders, or one folder to --watch")
    if as_json and formats:
        raise typer.BadParameter("--json prints; --format json writes a file or prints one")
    if watch and jobs > 1:
        raise typer.BadParameter("--watch works on one file after the other, without --jobs")
    from dictation.cli.files import FileOptions, transcribe_files, watch_folder

    options = FileOptions(
        formats=tuple(dict.fromkeys(formats or ())),
        folder=output_dir,
        force=force,
        as_json=as_json,
        stream=stream,
        partials=partials,
        hot_words=hot_words,
        jobs=jobs,
        model=model,
        formatted=formatted,
    )
    if watch:
        watch_folder(watch, config, options)
    elif not transcribe_files(files or [], config, options):
        raise typer.Exit(1)


@app.command()
def web(
    port: Annotated[
        int | None, typer.Option(min=1024, max=65535, help="Where to answer, on 127.0.0.1.")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")
    ] = True,
    config: Config = None,
) -> None:
    """Serve the page for audio files, to this computer alone."""
    from dictation.web.serve import serve

    serve(config, port=port, browser=browser)


@app.command()
def demo(
    config: Config = None,
    silent: Annotated[bool, typer.Option("--silent", help="Do not play the recordings.")] = False,
) -> None:
    """Dictate the bundled recordings in real time, one Mandarin, one English, one mixed."""
    from dictation.demo import run_demo

    run_demo(config, silent=silent)


model_commands.register(app)
text_commands.register(app)
