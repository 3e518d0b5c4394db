"""The user's desktop: hotkey, tray, captions, focus and output, one thin file a platform."""
