"""From one signed release to the next, and back by itself when it does not work."""
