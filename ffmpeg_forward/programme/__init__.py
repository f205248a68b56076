"""Programmes: several sources and a slate as one show without a gap."""
