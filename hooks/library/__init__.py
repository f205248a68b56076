"""The library: which recordings there are, and who may watch them."""
