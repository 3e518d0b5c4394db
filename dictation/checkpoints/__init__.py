"""Model folders: our own format and the ones a model may be started from."""
