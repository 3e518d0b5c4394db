"""The user's desktop: hotkey, tray, captions, focus and output, one thin file a platform."""

from typing import Final

APP_ID: Final = "org.dictation.Dictation"
"""What the desktop knows this program by: also the name of its .desktop file and of its icon."""
