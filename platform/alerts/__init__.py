"""What is wrong, told once, to whom it concerns."""
