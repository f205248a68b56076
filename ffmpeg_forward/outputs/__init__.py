"""Outputs: where live streams go, and whether they arrive."""
