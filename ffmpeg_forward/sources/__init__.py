"""Media that FFmpeg reads or changes for us, as FLV tags."""
