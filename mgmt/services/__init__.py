"""What is run: one specification per program, as data."""
