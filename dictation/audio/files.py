"""Sound out of audio and video files of every common kind, a block at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from numpy.typing import NDArray

from dictation.audio import SAMPLE_RATE
from dictation.audio.conversion import Converter
from dictation.audio.errors import AudioFileError
from dictation.audio.sources import OpenSource, named, opened

__all__ = ["BLOCK", "AudioFileError", "AudioInfo", "probe", "read_audio"]

BLOCK: Final = SAMPLE_RATE // 2
"""Samples in each block that `read_audio` gives; the last one may be shorter."""

_TRUNCATION_SECONDS = 0.5

_SCRAP_SECONDS = 0.25
"""FFmpeg finds a frame or two of MP3 in random bytes (6 of 100 files of 3 MB): no recording."""

# What a broken file makes FFmpeg say is said by our own errors and warnings, once.
av.logging.set_level(None)


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a file says of itself: `duration` in seconds (None: it does not say), `rate` in Hz."""

    duration: float | None
    container: str
    codec: str
    rate: int
    channels: int


def read_audio(
    source: Path | BinaryIO, on_warning: Callable[[AudioFileError], None] | None = None
) -> Iterator[NDArray[np.float32]]:
    """Decode a file block by block: mono float32 of shape (BLOCK,) at `SAMPLE_RATE`.

    Of several audio streams it takes the one that players take: the default one, else the best.
    A file with damage or without its end gives what can be decoded, then one `on_warning` that
    says so. Memory is bounded; a stream that cannot be rewound may need a temporary file (see
    `sources.opened`). Raises AudioFileError at the first block for what holds no sound.
    """
    name = named(source)
    with opened(source) as file, _container(file) as container:
        stream = _audio_stream(container, name)
        decoding = _Decoding(container, stream)
        pending: list[NDArray[np.float32]] = []
        ready = 0
        total = 0
        for samples in decoding.samples():
            pending.append(samples)
            ready += len(samples)
            total += len(samples)
            if ready >= BLOCK:
                joined = np.concatenate(pending)
                whole = ready // BLOCK * BLOCK
                yield from np.split(joined[:whole], whole // BLOCK)
                pending, ready = [joined[whole:]], ready - whole
        seconds, promised = total / SAMPLE_RATE, _duration(container, stream)
        if total == 0 or (seconds < _SCRAP_SECONDS and _ends_early(seconds, promised)):
            raise _no_sound(name, is_damaged=total > 0 or decoding.damaged > 0)
        if ready:
            yield np.concatenate(pending)
    warning = _warning(name, decoding.damaged, seconds, promised)
    if warning and on_warning:
        on_warning(warning)


def probe(source: Path | BinaryIO) -> AudioInfo:
    """Look at a file's headers without decoding it; a stream is put back where it was.

    Raises AudioFileError as `read_audio` does, and ValueError for a stream that cannot be rewound.
    """
    name = named(source)
    if not isinstance(source, Path) and not source.seekable():
        raise ValueError("what cannot be rewound cannot be looked at beforehand")
    start = 0 if isinstance(source, Path) else source.tell()
    with opened(source) as file, _container(file) as container:
        stream = _audio_stream(container, name)
        info = AudioInfo(
            duration=_duration(container, stream),
            container=container.format.name,
            codec=stream.codec_context.name,
            rate=stream.rate,
            channels=stream.channels,
        )
    if not isinstance(source, Path):
        source.seek(start)
    return info


@contextmanager
def _container(source: OpenSource) -> Iterator[InputContainer]:
    try:
        # A playlist can name other files and addresses: nothing but this very file is opened.
        container = av.open(
            source.stream,
            mode="r",
            metadata_errors="ignore",
            options={"protocol_whitelist": "none"},
        )
    except FFmpegError as error:
        if source.is_mp4:
            raise AudioFileError(
                "{0} is an MP4 or M4A file without its index, which stands at its end: "
                "copy or download it again",
                source.name,
            ) from error
        raise AudioFileError(
            "{0} is not an audio or video file that can be read: give a WAV, MP3, M4A, Ogg, "
            "Opus, FLAC, WebM or MP4 file",
            source.name,
        ) from error
    with container:
        yield container


def _audio_stream(container: InputContainer, name: str) -> AudioStream:
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        raise AudioFileError(
            "{0} holds no audio ({1}): give a WAV, MP3, M4A, Ogg, Opus, FLAC, WebM or MP4 file "
            "with sound in it",
            name,
            container.format.long_name or container.format.name,
        )
    if stream.codec_context is None:
        raise AudioFileError(
            "{0} uses an audio codec that is not known here: convert it to WAV", name
        )
    return stream


def _duration(container: InputContainer, stream: AudioStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is not None:
        return container.duration / float(av.time_base)
    return None


class _Decoding:
    """Decodes one stream of an open container and counts what could not be decoded."""

    def __init__(self, container: InputContainer, stream: AudioStream) -> None:
        self._container = container
        self._stream = stream
        self._rate: int | None = None
        self._converter: Converter | None = None
        self.damaged = 0

    def samples(self) -> Iterator[NDArray[np.float32]]:
        for frame in self._frames():
            if frame.samples == 0:
                continue
            if self._converter is None or frame.sample_rate != self._rate:
                if self._converter is not None:
                    yield self._converter.finish()
                self._converter, self._rate = Converter(frame.sample_rate), frame.sample_rate
            yield self._converter.convert(_as_float(frame))
        if self._converter is not None:
            yield self._converter.finish()

    def _frames(self) -> Iterator[AudioFrame]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError:
                self.damaged += 1
                return
            if packet is None:
                return
            try:
                yield from self._stream.decode(packet)
            except FFmpegError:
                self.damaged += 1


def _as_float(frame: AudioFrame) -> NDArray[np.float32]:
    """Return the samples of a frame as float32 of shape (time, channels), full scale 1."""
    values = frame.to_ndarray()
    channels = frame.layout.nb_channels
    values = values.T if frame.format.is_planar else values.reshape(-1, channels)
    if values.dtype == np.uint8:
        return (values.astype(np.float32) - 128.0) / 128.0
    if values.dtype.kind == "i":
        return (values / 2.0 ** (8 * values.dtype.itemsize - 1)).astype(np.float32)
    return values.astype(np.float32)


def _no_sound(name: str, *, is_damaged: bool) -> AudioFileError:
    if is_damaged:
        return AudioFileError(
            "{0} is damaged: no sound could be decoded from it; fetch or record it again", name
        )
    return AudioFileError("{0} has a length of zero: it holds no sound; record it again", name)


def _ends_early(seconds: float, promised: float | None) -> bool:
    return promised is not None and seconds < promised - _TRUNCATION_SECONDS


def _warning(
    name: str, damaged: int, seconds: float, promised: float | None
) -> AudioFileError | None:
    if _ends_early(seconds, promised):
        return AudioFileError(
            "{0} ends early: {1} s of {2} s could be read; it is damaged or was not copied to its "
            "end",
            name,
            f"{seconds:.1f}",
            f"{promised:.1f}",
        )
    if damaged:
        return AudioFileError(
            "{0} is damaged: {1} piece(s) could not be decoded and were left out",
            name,
            str(damaged),
        )
    return None
