"""A small process that goes on offering the user's selections after the daemon has ended.

X keeps no copy of a selection: it ends with its owner. The keeper ends as soon as others own all
that it was given, or with the display.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping

import Xlib.error

from dictation.desktop.output.offers import Offer, Payload
from dictation.desktop.output.selections import SelectionClient
from dictation.desktop.x11 import open_display


def leave_with_keeper(offers: Mapping[str, Offer], display: str | None) -> None:
    """Start a keeper for offers by selection; it has taken them a moment later."""
    keeper = subprocess.Popen(
        [sys.executable, "-m", __name__, display or ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    if keeper.stdin is not None:
        keeper.stdin.write(encode_offers(offers))
        keeper.stdin.close()
    # It is meant to outlive us; nobody waits for it.
    keeper.returncode = 0


def encode_offers(offers: Mapping[str, Offer]) -> bytes:
    """Offers as JSON, for the way through a pipe."""
    return json.dumps(
        {
            selection: [
                [name, each.kind, each.format, _written(each.data)]
                for name, each in offer.targets.items()
            ]
            for selection, offer in offers.items()
        }
    ).encode()


def decode_offers(written: bytes) -> dict[str, Offer]:
    """The inverse of `encode_offers`."""
    return {
        selection: Offer(
            {
                name: Payload(
                    kind, bits, base64.b64decode(data) if isinstance(data, str) else tuple(data)
                )
                for name, kind, bits, data in targets
            }
        )
        for selection, targets in json.loads(written).items()
    }


def _written(data: bytes | tuple[int, ...]) -> str | list[int]:
    return base64.b64encode(data).decode() if isinstance(data, bytes) else list(data)


def _keep(display: str) -> None:
    offers = decode_offers(sys.stdin.buffer.read())
    reader, _writer = os.pipe()
    client = SelectionClient(open_display(display), reader)
    try:
        for selection, offer in offers.items():
            client.own(selection, offer)
        client.pump(lambda: not any(map(client.owns, offers)), float("inf"))
    except Xlib.error.ConnectionClosedError:
        return


if __name__ == "__main__":
    _keep(sys.argv[1])
