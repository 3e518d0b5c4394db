"""Published models by name, and the only code that fetches anything from a network."""
