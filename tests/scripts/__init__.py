"""The commands for maintainers."""
