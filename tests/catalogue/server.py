"""A web server of this machine alone that serves files well or, as it is told, badly."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What is served and how. Each list is used up from its front, a value a request.

    `stops`: the connection ends after so many bytes (None: it does not). `statuses`: an answer
    without a file (None: the file). `promised`: a Content-Length that is not true.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    tag: str | None = '"first"'
    ranges: bool = True
    promised: int | None = None
    content_type: str = "application/gzip"
    stops: list[int | None] = field(default_factory=list)
    statuses: list[int | None] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range of every request."""
    sent: int = 0
    address: str = ""


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Serve a site at `site.address` in threads of this process."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self, site)

        def log_message(self, format: str, *values: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    site.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(request: BaseHTTPRequestHandler, site: Site) -> None:
    wanted = request.headers.get("Range")
    site.asked.append((request.path, wanted))
    body = site.files.get(request.path)
    status = site.statuses.pop(0) if site.statuses else None
    if body is None or status is not None:
        request.send_error(status or 404)
        return
    first = 0
    still_the_same = request.headers.get("If-Range") in (None, site.tag)
    if wanted is not None and site.ranges and still_the_same:
        first = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
        if first >= len(body):
            request.send_error(416)
            return
        request.send_response(206)
        request.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
    else:
        request.send_response(200)
    rest = body[first:]
    request.send_header("Content-Type", site.content_type)
    request.send_header("Content-Length", str(len(rest) if not site.promised else site.promised))
    if site.tag is not None:
        request.send_header("ETag", site.tag)
    request.end_headers()
    stop = site.stops.pop(0) if site.stops else None
    with suppress(BrokenPipeError, ConnectionResetError):  # The client has seen enough.
        site.sent += request.wfile.write(rest[:stop])
