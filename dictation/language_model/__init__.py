"""What people write: how likely a text is before any sound of it was heard."""
