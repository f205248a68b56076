"""Routes that hand typed operations to the manager."""
