"""Slates: what is shown while no source is there."""
