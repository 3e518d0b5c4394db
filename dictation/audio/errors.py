"""What can go wrong with sound and be set right by a person."""

from dictation.errors import DictationError


class AudioFileError(DictationError):
    """A file that no sound can be had from; the message names the file and the way out."""


class AudioDeviceError(DictationError):
    """A microphone that cannot be used; the message names devices or what to install."""
