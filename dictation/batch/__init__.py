"""Many files in one call: found, named, worked on one by one or several at once, and resumed."""
