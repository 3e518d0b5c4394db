"""The settings window, and the user's settings file written back with its comments."""
