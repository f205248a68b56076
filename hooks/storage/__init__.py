"""Storage: buckets of others, and how recordings get there."""
