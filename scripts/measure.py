"""Measure all that the README quotes, and write it there: `make numbers SPEECH="FOLDER ..."`.

The recogniser's parts are timed, then the bench runs beside a daemon that has just dictated on a
desktop of its own, then others hear the same recordings. What is not there, or fails, is said and
left as it was; the exit status is 1 when something failed. Hours of dictation (docs/soak.json) are
quoted, not heard again: `make soak`.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

SETS = ("aishell-dev", "seedlingo-dev", "speechocean762-dev", "libri-dev", "dev", "dev-voices")
SILENT = ("noise-*", "music-*")
"""By folder. Silence is made by the bench."""


def main() -> None:
    """Measure, then write README.md and its pictures."""
    parser = argparse.ArgumentParser(prog="python -m scripts.measure", description=__doc__)
    parser.add_argument("--speech", default="", metavar="FOLDERS", help="with sets of recordings")
    parser.add_argument("--whisper", default="", metavar="FOLDER", help="faster-whisper's base")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--root", type=Path, default=Path(), help="of the pages to be written")
    parser.add_argument("--limit", type=int, default=60, help="recordings of a set")
    parser.add_argument("--peers-limit", type=int, default=20, help="of those, for others too")
    parser.add_argument("--repetitions", type=int, default=12)
    parser.add_argument("--utterances", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--dictations", type=int, default=18)
    parser.add_argument(
        "--silence", type=float, default=300.0, help="seconds of it, of noise, of music"
    )
    options = parser.parse_args()
    began = time.monotonic()
    folders = [Path(each) for each in options.speech.split()]
    # A record names the commit it measured, which another record in the checkout would change.
    with tempfile.TemporaryDirectory() as name:
        new = Path(name)
        try:
            measured = (
                ("the parts", parts(options, new / "recogniser.json")),
                ("the bench", bench(options, folders, new / "numbers.json")),
                ("the peers", peers(options, folders, new / "peers.json")),
            )
        finally:
            for record in new.glob("*.json"):
                shutil.copy(record, options.out)
    failed = [what for what, done in (*measured, ("the pages", pages(options))) if not done]
    print(f"took {(time.monotonic() - began) / 60:.1f} minutes")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def bench(options: argparse.Namespace, folders: Sequence[Path], out: Path) -> bool:
    """Write the record; with less where all of it cannot be had."""
    sets = [each for name in SETS if (each := find(folders, name)) is not None]
    sets += [
        manifest
        for folder in folders
        for pattern in SILENT
        for manifest in sorted(folder.glob(f"{pattern}/manifest.jsonl"))
    ]
    rates = [part for each in sets for part in ("--manifest", str(each))]
    rates += ["--limit", str(options.limit)] if sets else []
    names = find(folders, "hotwords")
    words = None if names is None else names.with_name("words.txt")
    if names is not None and words is not None and words.is_file():
        rates += ["--hot-words", str(words), "--hot-words-manifest", str(names)]
    effort = [f"--repetitions={options.repetitions}", f"--utterances={options.utterances}"]
    effort += [f"--seconds={options.seconds:g}", f"--silence={options.silence:g}"]
    desktop = [*python(), "scripts.on_a_desktop", "--dictations", str(options.dictations)]
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "numbers.json"
        alone = [*python(), "dictation", "bench", "all", "--json", str(record), *effort]
        attempts = (
            ("everything", [*desktop, *alone, "--daemon", *rates]),
            ("everything but the whole daemon", [*alone, *rates]),
            ("speed alone", alone),
        )
        for place, (what, command) in enumerate(attempts):
            if ran(what, command) and record.is_file():
                out.write_bytes(record.read_bytes())
                return place == 0
    return False


def peers(options: argparse.Namespace, folders: Sequence[Path], out: Path) -> bool:
    """Write what others make of the same recordings; True where there are none to be had."""
    sets = [each for name in SETS if (each := find(folders, name, quiet=True)) is not None]
    if not sets or not options.whisper:
        print(f"left out: the peers (no {'WHISPER' if sets else 'recordings'})")
        return True
    limit = min(options.peers_limit, options.limit)
    command = [*python(), "tests.peers", "--limit", str(limit), "--json", str(out)]
    command += [part for each in sets for part in ("--manifest", str(each))]
    return ran("the peers", [*command, "--whisper", options.whisper])


def parts(options: argparse.Namespace, out: Path) -> bool:
    """Write the times of the recogniser's parts."""
    command = [*python(), "dictation", "bench", "recogniser", "--preset", "u2pp", "--json"]
    command += ["--threads", "1", "--repetitions", str(options.repetitions)]
    with tempfile.TemporaryFile() as printed:
        if not ran("the recogniser's parts", command, printed):
            return False
        printed.seek(0)
        out.write_bytes(printed.read())
    return True


def pages(options: argparse.Namespace) -> bool:
    """Write the pages and their pictures."""
    command = [*python(), "scripts.numbers", str(options.out), "--root", str(options.root)]
    return ran("writing the pages", command)


def find(folders: Sequence[Path], name: str, *, quiet: bool = False) -> Path | None:
    """A set's manifest, in a folder of its name or as a file of it."""
    for folder in folders:
        for manifest in (folder / name / "manifest.jsonl", folder / f"{name}.jsonl"):
            if manifest.is_file():
                return manifest
    if not quiet:
        print(f"left out: {name} (in none of the folders of SPEECH)")
    return None


def python() -> list[str]:
    """What runs a module of this checkout."""
    return [sys.executable, "-m"]


def ran(what: str, command: Sequence[str], printed: IO[bytes] | None = None) -> bool:
    """Run a part in a process of its own and say how it went; what it prints may go to a file."""
    began = time.monotonic()
    print(f"measuring: {what}\n  {shlex.join(command)}", flush=True)
    status = subprocess.run(command, env=os.environ, stdout=printed, check=False).returncode
    told = "done" if status == 0 else f"FAILED with status {status}"
    print(f"{told}: {what}, {time.monotonic() - began:.0f} s", flush=True)
    return status == 0


if __name__ == "__main__":
    main()
