"""Run a command where the daemon has just dictated: `python -m scripts.on_a_desktop COMMAND...`.

A desktop, a microphone and a `dictation run` of their own; the bundled recordings are spoken into
an xterm, so that the history knows how long texts took to arrive, then the command runs beside
the idle daemon. Needs what the tests need. The exit status is the command's.
"""

import argparse
import subprocess
import sys

from scripts.screenshots import say, start_daemon
from tests import pulse
from tests.desktop.apps import xterm
from tests.recordings import recordings
from tests.xsession import xsession


def main() -> None:
    """Dictate, then run the command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.on_a_desktop", description=__doc__)
    parser.add_argument("--model", default="starter", help="a model's name or folder")
    parser.add_argument("--dictations", type=int, default=12, help="so many before it")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND...")
    options = parser.parse_args()
    if not options.command:
        parser.error("say what to run")
    names = list(recordings())
    with xsession() as session, pulse.virtual_microphone() as microphone:
        daemon = start_daemon(session, microphone, options.model, "")
        try:
            with xterm(session):
                for turn in range(options.dictations):
                    say(daemon, microphone, names[turn % len(names)])
                done = subprocess.run(options.command, env=session.env, check=False)
        finally:
            daemon.end()
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
