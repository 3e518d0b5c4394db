"""Sound in: the microphone, the pre-roll ring, the speech segmenter and audio files."""
