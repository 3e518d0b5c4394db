"""Dictation beside other recognisers on the same audio in the same run: python -m tests.peers."""
