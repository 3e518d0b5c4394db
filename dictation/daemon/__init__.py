"""The daemon: the only room that knows all the others, and knows them through events."""
