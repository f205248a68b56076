"""Looks over the whole machine and says in words what is not well, and what to do."""
