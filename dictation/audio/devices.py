"""Which microphones there are."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType

from dictation.audio.errors import AudioDeviceError
from dictation.audio.server import list_sources
from dictation.checks import Check

__all__ = [
    "AudioDeviceError",
    "MicrophoneInfo",
    "check",
    "find_microphone",
    "list_microphones",
    "portaudio",
    "rescan",
]

_NO_LIBRARY = "The sound library PortAudio is missing: 'sudo apt install libportaudio2' brings it"
_NO_MICROPHONE = (
    "No microphone was found: connect one; where one is connected, "
    "'sudo apt install libasound2-plugins' lets PortAudio reach PulseAudio and PipeWire"
)


@dataclass(frozen=True, slots=True)
class MicrophoneInfo:
    """One input device: PortAudio's index, its names, its own rate in Hz and its channels.

    `source`: the sound server's own name of a microphone that PortAudio has no device for.
    """

    index: int
    name: str
    host_api: str
    default_rate: int
    channels: int
    is_default: bool
    source: str | None = None


def portaudio() -> ModuleType:
    """Import sounddevice, which starts PortAudio; raises AudioDeviceError without the library."""
    try:
        import sounddevice
    except OSError as error:
        raise AudioDeviceError(_NO_LIBRARY) from error
    module: ModuleType = sounddevice
    return module


def rescan() -> None:
    """Look for devices again: PortAudio's list is otherwise that of its start.

    Only while no microphone is open, here or elsewhere in the process.
    """
    sound = portaudio()
    sound._terminate()
    sound._initialize()


def list_microphones() -> list[MicrophoneInfo]:
    """Return all input devices; an empty list is not an error. Raises AudioDeviceError."""
    sound = portaudio()
    try:
        devices = sound.query_devices()
        apis = sound.query_hostapis()
    except sound.PortAudioError as error:
        raise AudioDeviceError(f"The sound system does not answer: {_reason(error)}") from error
    default = sound.default.device[0]
    if default < 0 and apis:
        default = next((api["default_input_device"] for api in apis if api["devices"]), -1)
    return [
        MicrophoneInfo(
            index=device["index"],
            name=device["name"],
            host_api=apis[device["hostapi"]]["name"],
            default_rate=round(device["default_samplerate"]),
            channels=device["max_input_channels"],
            is_default=device["index"] == default,
        )
        for device in devices
        if device["max_input_channels"] > 0
    ]


def find_microphone(spec: str | None) -> MicrophoneInfo:
    """Return the microphone that a person means.

    `spec`: None, empty or "default" for the system's default; an index; a name; or a part of one
    name (case does not matter), of PortAudio's devices first, then of the sound server's
    microphones. Raises AudioDeviceError, which lists what there is.
    """
    return _choose(list_microphones(), spec, list_sources)


def check() -> Check:
    """Say for the doctor whether there is a microphone."""
    try:
        microphone = find_microphone(None)
    except AudioDeviceError as error:
        detail, _, remedy = str(error).partition(": ")
        return Check("microphone", "failed", detail, remedy)
    return Check("microphone", "ok", f"{microphone.name} ({microphone.host_api})")


def _choose(
    microphones: list[MicrophoneInfo],
    spec: str | None,
    sources: Callable[[], dict[str, str]],
) -> MicrophoneInfo:
    if not microphones:
        raise AudioDeviceError(_NO_MICROPHONE)
    wanted = (spec or "default").strip().casefold()
    if wanted == "default":
        return next((found for found in microphones if found.is_default), microphones[0])
    if wanted.isdecimal():
        matches = [found for found in microphones if found.index == int(wanted)]
    else:
        matches = [found for found in microphones if found.name.casefold() == wanted]
        # Several host APIs may offer the same device: the first is PortAudio's own choice.
        matches = matches[:1] or [m for m in microphones if wanted in m.name.casefold()]
    if len(matches) == 1:
        return matches[0]
    if not matches:
        matches = _of_the_server(microphones, wanted, sources())
        if len(matches) == 1:
            return matches[0]
    listing = ", ".join(f"{found.index} '{found.name}'" for found in (matches or microphones))
    if matches:
        raise AudioDeviceError(f"Several microphones match '{spec}': {listing}; name one in full")
    raise AudioDeviceError(f"There is no microphone '{spec}'; there are: {listing}")


def _of_the_server(
    microphones: list[MicrophoneInfo], wanted: str, sources: dict[str, str]
) -> list[MicrophoneInfo]:
    """The sound server's microphones of a name, or with it as a part of theirs; they are reached
    through the default device."""
    default = next((found for found in microphones if found.is_default), microphones[0])
    reachable = [
        replace(default, name=name, is_default=False, source=source)
        for name, source in sources.items()
    ]
    exact = [found for found in reachable if found.name.casefold() == wanted]
    return exact[:1] or [found for found in reachable if wanted in found.name.casefold()]


def _reason(error: Exception) -> str:
    # sounddevice's text ends in PortAudio's own error number, which helps nobody.
    return str(error).partition(" [PaErrorCode")[0]
