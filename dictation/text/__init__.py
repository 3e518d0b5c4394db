"""Tokenizers, and the way from recognised words to written text."""
