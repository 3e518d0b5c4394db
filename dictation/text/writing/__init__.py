"""From what was said to what a careful typist would have written: pure functions of text."""
