"""Certificates: had, checked, swapped and renewed."""
