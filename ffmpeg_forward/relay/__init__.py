"""A relay: the process that carries one timeline from its sources to its destinations."""
