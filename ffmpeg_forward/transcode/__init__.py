"""Transcoding: one stream in several sizes."""
