"""What dictation costs on a machine: how fast, how much memory, how much idling."""
