"""Who may know whom: read off the imports of every file, those inside functions included."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dictation"

GROUND = {"errors", "events", "checks", "messages", "processor"}
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "events": set(),
    "checks": set(),
    "processor": set(),
    "memory": set(),
    "messages": {"events"},
    "actions": {"events"},
    "session": {"actions", "events"},
    "config": {"errors"},
    "history": {"errors", "events"},
    "learning": {"history", "text"},
    "writing": {"config", "errors", "text"},
    "catalogue": {"errors"},
    "assets": {"catalogue", "errors"},
    "model": {"errors", "events"},
    "audio": {*GROUND},
    "text": {"errors", "events"},
    "desktop": {*GROUND},
    "control": {"errors"},
    "language_model": {"errors", "text"},
    "decoding": {"errors", "events", "language_model", "model", "text"},
    "checkpoints": {"processor", "errors", "events", "language_model", "model", "text"},
    "recognition": {"decoding", "events", "model", "text"},
    "recognizer": {*GROUND, "audio", "checkpoints", "decoding", "model", "recognition", "text"},
    "listener": {"audio", "errors", "events"},
    "worker": {"audio", "errors", "events", "listener", "recognizer"},
    "transcription": {"audio", "errors", "events", "listener", "recognizer", "text"},
    "transcripts": {"events", "transcription"},
    "batch": {
        "audio",
        "config",
        "errors",
        "loading",
        "recognizer",
        "text",
        "transcription",
        "transcripts",
    },
    "web": {
        "audio",
        "config",
        "errors",
        "events",
        "listener",
        "loading",
        "messages",
        "transcription",
        "transcripts",
        "writing",
    },
    "loading": {"assets", "audio", "config", "errors", "recognizer", "worker"},
    "preferences": {*GROUND, "assets", "audio", "config", "control", "desktop"},
    "training": {
        *GROUND,
        "assets",
        "audio",
        "checkpoints",
        "decoding",
        "model",
        "recognizer",
        "text",
    },
}
"""What each room may import beside itself."""

NETWORK = {"aiohttp", "ftplib", "http", "httpx", "huggingface_hub", "requests", "urllib.request"}
DOWNLOADS = {"dictation.catalogue.download", "dictation.catalogue.store"}
"""What reaches for other computers, and our own parts that do."""

HOUSE = {"bench", "cli", "daemon", "demo", "doctor"}
"""These know every room but training, which only the command line knows."""

HEAVY = {"torch", "torchaudio"}
WITH_TORCH = {
    "model",
    "language_model",
    "decoding",
    "checkpoints",
    "recognition",
    "recognizer",
    "training",
    "bench",
    "doctor",
}


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_known_to(file: Path) -> set[str]:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.name != "__init__.py"}
    names = [name.split(".") for name in imports_of(file)]
    return {parts[1] for parts in names if parts[0] == "dictation" and len(parts) > 1} & rooms


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_room_knows_only_whom_it_may(file):
    room = room_of(file)
    known = rooms_known_to(file) - {room}
    if room in HOUSE:
        assert room == "cli" or "training" not in known
    elif room not in ("__init__", "__main__"):
        assert room in ALLOWED, f"{room} is a new room: say in this test whom it may know"
        assert known <= ALLOWED[room]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_only_the_recogniser_and_what_it_stands_on_know_torch(file):
    heavy = {name.split(".")[0] for name in imports_of(file)} & HEAVY
    assert not heavy or room_of(file) in WITH_TORCH


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_only_the_catalogue_fetches_and_only_the_command_line_asks_it_to(file):
    known, room = set(imports_of(file)), room_of(file)
    roots = {name.split(".")[0] for name in known}
    assert not (known | roots) & NETWORK or room == "catalogue"
    assert not known & DOWNLOADS or room in ("catalogue", "cli")


def test_the_rules_see_imports_inside_functions(tmp_path):
    file = tmp_path / "lazy.py"
    file.write_text("def f():\n    from dictation.training import trainer\n    import torch\n")
    assert {"dictation.training.trainer", "torch"} <= set(imports_of(file))
    assert rooms_known_to(file) == {"training"}
