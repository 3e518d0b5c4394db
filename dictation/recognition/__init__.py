"""One utterance being recognised."""
