"""Channels: what plays by itself, from files, addresses and cameras."""
