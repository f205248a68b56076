"""Splicing: many sources, one endless timeline. No input or output here, only decisions."""
