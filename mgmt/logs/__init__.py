"""What every program says, in one place."""
