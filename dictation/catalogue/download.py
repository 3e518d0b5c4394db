"""One file from a web server to disk, going on where it broke off."""

import errno
import http.client
import json
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any

from dictation.errors import DictationError

Progress = Callable[[int, int | None], None]
"""Is told the bytes that are here and how many there will be, None where nobody knows."""

_BLOCK = 1 << 18
_ATTEMPTS = 5
# Where nobody answers from the start, there is no use in waiting long: other addresses may do.
_FIRST_ATTEMPTS = 2
_SECONDS_OF_SILENCE = 20.0
_LARGEST = 8 << 30
_TRY_AGAIN = {408, 425, 429}


class DownloadError(DictationError):
    """A file cannot be had; the message names its address and the reason."""


class _BrokenOffError(Exception):
    """What may go better at the next attempt."""


class _NobodyThereError(_BrokenOffError):
    """No connection was made."""


@dataclass(frozen=True)
class _Partial:
    """What is known of a file of which a part is here: where it comes from, its size in bytes, and
    what the server told it by (RFC 9110, section 8.8: ETag, else Last-Modified)."""

    url: str
    total: int | None
    validator: str | None


class _NeverLessSafe(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> urllib.request.Request | None:
        if req.type == "https" and not newurl.startswith("https:"):
            raise DownloadError(f"{req.full_url}: leads to {newurl}, which is not encrypted")
        # http.client's headers are an email Message; urllib's stub asks for the subclass.
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def download(
    url: str, target: Path, progress: Progress, pause: Callable[[float], None] = time.sleep
) -> None:
    """Fetch `url` into `target`, from where an earlier call for the same file was interrupted.

    Goes on for as long as an attempt brings something new, and `pause`s (seconds) between attempts.
    Raises DownloadError; what came is kept beside a note of what it is a part of. The file is only
    as whole as the server said: compare its checksum.
    """
    if not url.startswith(("https://", "http://")):
        raise DownloadError(f"{url}: an address begins with https:// or http://")
    failures, most = 0, _size(target)
    while True:
        try:
            return _attempt(url, target, progress)
        except _BrokenOffError as error:
            failures = 0 if _size(target) > most else failures + 1
            most = max(most, _size(target))
            nobody = isinstance(error, _NobodyThereError) and not most
            if failures >= (_FIRST_ATTEMPTS if nobody else _ATTEMPTS):
                kept = f"; {most} bytes are kept, the same command goes on from there"
                raise DownloadError(f"{url}: {error}{kept if most else ''}") from error
            pause(float(1 << failures))


def begun_from(target: Path) -> str | None:
    """Return the address of a file of which a part is here, None where there is none."""
    partial = _read_note(target)
    return partial.url if partial is not None and target.exists() else None


def discard(target: Path) -> None:
    """Forget a file, whole or in part, and what is known of it."""
    target.unlink(missing_ok=True)
    _note(target).unlink(missing_ok=True)


def _attempt(url: str, target: Path, progress: Progress) -> None:
    partial, have = _read_note(target), _size(target)
    if partial is None or partial.url != url or partial.validator is None:
        # Without a validator nobody can tell whether the rest is of the same file.
        have = 0
    elif partial.total == have:
        return
    headers = {"User-Agent": "dictation", "Accept-Encoding": "identity"}
    if partial is not None and partial.validator is not None and have:
        headers |= {"Range": f"bytes={have}-", "If-Range": partial.validator}
    with _open(urllib.request.Request(url, headers=headers), target) as response:
        if response.headers.get_content_type() == "text/html":
            raise DownloadError(f"{url}: a web page came in place of a file; open it in a browser")
        if response.status == 206:
            total = _rest(response, target, have, partial)
        else:
            have, total = 0, _length(response)
        _expect_room(url, target, have, total)
        _write_note(target, _Partial(url, total, _validator(response)))
        _receive(response, target, have, total, progress)


def _open(request: urllib.request.Request, target: Path) -> Any:  # noqa: ANN401
    opener = urllib.request.build_opener(_NeverLessSafe)
    try:
        return opener.open(request, timeout=_SECONDS_OF_SILENCE)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:
            discard(target)  # The part is no part of what the server has now.
        elif error.code not in _TRY_AGAIN and error.code < 500:
            raise DownloadError(
                f"{request.full_url}: the server answers {error.code} {error.reason}"
            ) from error
        raise _BrokenOffError(f"the server answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _NobodyThereError(f"no connection ({error.reason})") from error
    except (OSError, http.client.HTTPException) as error:
        raise _NobodyThereError(f"no connection ({error or type(error).__name__})") from error


def _rest(
    response: http.client.HTTPResponse, target: Path, have: int, partial: _Partial | None
) -> int | None:
    told = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    total = int(told[2]) if told and told[2] != "*" else None
    known = partial.total if partial is not None else None
    if told is None or int(told[1]) != have or (known is not None and total not in (None, known)):
        discard(target)
        raise _BrokenOffError("the server went on at another place than it was asked to")
    return known if total is None else total


def _receive(
    response: http.client.HTTPResponse,
    target: Path,
    have: int,
    total: int | None,
    progress: Progress,
) -> None:
    progress(have, total)
    with target.open("ab" if have else "wb") as file:
        while True:
            try:
                block = response.read(_BLOCK)
            except (OSError, http.client.HTTPException) as error:
                reason = f"the connection broke off ({error or type(error).__name__})"
                raise _BrokenOffError(reason) from error
            if not block:
                break
            have += len(block)
            if have > _LARGEST:
                raise DownloadError(f"{response.url}: more than {_LARGEST >> 30} GiB; no end of it")
            try:
                file.write(block)
                file.flush()
            except OSError as error:
                reason = "the disk is full" if error.errno == errno.ENOSPC else str(error)
                raise DownloadError(f"{target}: {reason}; what is here is kept") from error
            progress(have, total)
    if total is not None and have != total:
        raise _BrokenOffError(f"the server promised {total} bytes and sent {have}")


def _expect_room(url: str, target: Path, have: int, total: int | None) -> None:
    # The archive and, soon, what is in it.
    needed = 2 * total - have if total is not None else 0
    free = shutil.disk_usage(target.parent).free
    if needed > free:
        raise DownloadError(
            f"{url}: {needed / 1e6:.0f} MB are needed for it in {target.parent},"
            f" {free / 1e6:.0f} MB are free"
        )


def _length(response: http.client.HTTPResponse) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _validator(response: http.client.HTTPResponse) -> str | None:
    tag: str | None = response.headers.get("ETag")
    if tag is not None and not tag.startswith("W/"):
        return tag
    modified: str | None = response.headers.get("Last-Modified")
    return modified


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _note(target: Path) -> Path:
    return target.with_name(target.name + ".json")


def _write_note(target: Path, partial: _Partial) -> None:
    _note(target).write_text(json.dumps(asdict(partial)), encoding="utf-8")


def _read_note(target: Path) -> _Partial | None:
    try:
        return _Partial(**json.loads(_note(target).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # Then it is fetched from its beginning.
