"""`dictation web`: starts the page on 127.0.0.1 and nowhere else."""

import importlib.util
import os
import shutil
import signal
import socket
import sys
import tempfile
import webbrowser
from pathlib import Path
from threading import Timer

from dictation.config import load_settings
from dictation.errors import DictationError
from dictation.web.service import CONFIG_VARIABLE, service
from dictation.web.tabs import Tabs, forgetting

ADDRESS = "127.0.0.1"
SCRIPT = Path(__file__).parent / "script.py"


class WebError(DictationError):
    """The page cannot be started; the message names the cause and the way out."""


def serve(config: Path | None, *, port: int | None, browser: bool) -> None:
    """Load the model and serve the page until interrupted. Raises DictationError."""
    if importlib.util.find_spec("streamlit") is None:
        raise WebError("the page needs Streamlit: pip install 'dictation[web]'")
    settings = load_settings(config)
    port = port or settings.web.port
    _require_free(port)
    if config is not None:
        os.environ[CONFIG_VARIABLE] = str(config.absolute())
    description = service().recognizer.description
    url = f"http://{ADDRESS}:{port}"
    print(f"{description}\n{url} (Ctrl+C ends it)", flush=True)
    if browser:
        Timer(1.0, webbrowser.open, (url,)).start()
    folder = temporary_folder(Path(tempfile.gettempdir()), port)
    # The server ends by the signal it was sent: what follows it here is to run all the same.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    try:
        # An upload on its way is kept in an unnamed file there; a stop or crash leaves nothing.
        tempfile.tempdir = str(folder)
        _run(port, settings.web.max_upload_mb, service().tabs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def temporary_folder(place: Path, port: int) -> Path:
    """An empty folder for this user alone; what a killed server left in it is deleted."""
    folder = place / f"dictation-web-{os.getuid()}-{port}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise WebError(f"{folder}: {error.strerror}; delete it or set TMPDIR") from error
    return folder


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            raise WebError(
                f"port {port} of {ADDRESS}: {error.strerror}; choose another with --port"
            ) from error


def _run(port: int, max_upload_mb: int, tabs: Tabs) -> None:
    import streamlit as st
    from starlette.middleware import Middleware

    from dictation.web.addresses import keep_answers
    from dictation.web.guard import Guard

    keep_answers()
    app = st.App(
        SCRIPT,
        middleware=[Middleware(Guard, port=port)],
        lifespan=lambda app: forgetting(tabs),
    )
    app.run(
        config={
            "server.address": ADDRESS,
            "server.port": port,
            "server.headless": True,
            "server.maxUploadSize": max_upload_mb,
            "server.enableCORS": True,
            "server.enableXsrfProtection": True,
            "server.allowedHosts": [ADDRESS, "localhost"],
            "server.enableAgentApi": False,
            "server.enableStaticServing": False,
            "server.fileWatcherType": "none",
            # Longer than `forgetting` waits, which closes only what is still known here.
            "server.disconnectedSessionTTL": 3600,
            "browser.gatherUsageStats": False,
            "browser.serverAddress": ADDRESS,
            "client.toolbarMode": "minimal",
            "client.showErrorDetails": "none",
            "client.showErrorLinks": False,
            "runner.magicEnabled": False,
            # A click interrupts the work between two utterances, never in the middle of one.
            "runner.fastReruns": False,
            "logger.hideWelcomeMessage": True,
            "theme.light.primaryColor": "#2563eb",
            "theme.dark.primaryColor": "#3b82f6",
        }
    )
