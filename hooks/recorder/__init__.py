"""The recorder: keeps what the media server wrote, and makes recordings of it."""
