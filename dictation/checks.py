"""What `dictation doctor` learns from each room."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "failed"]
"""Whether a part works, works with a limit, or stops the main job."""


@dataclass(frozen=True, slots=True)
class Check:
    """The state of one part on this machine.

    `detail` says what was found; `remedy` what to install or change, None where nothing is amiss.
    """

    name: str
    status: Status
    detail: str
    remedy: str | None = None
