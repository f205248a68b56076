"""RTMP as a client, and FLV: the two forms in which media moves between programs here."""
