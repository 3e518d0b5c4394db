"""The network in pure torch: no files, no threads, no devices of its own choosing."""
