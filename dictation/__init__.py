"""Local, private, streaming dictation for Mandarin, English and both in one sentence."""
