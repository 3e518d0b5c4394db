"""The dictation state machine as a pure function: (state, event, now) -> (state, actions).

The worker answers every StopListening and every CancelListening with exactly one ListeningEnded,
and what it says before that answer belongs to the oldest run that still waits for one. That order
is all the session needs to know which texts a cancel has taken back.
"""

from dictation.session.machine import step
from dictation.session.state import SessionSettings, State

__all__ = ["SessionSettings", "State", "step"]
