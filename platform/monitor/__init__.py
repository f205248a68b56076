"""Figures of the house: now, over time, and for Prometheus."""
