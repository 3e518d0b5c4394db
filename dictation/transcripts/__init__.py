"""What becomes of a transcript: subtitles that break where a person would, and files of text."""
