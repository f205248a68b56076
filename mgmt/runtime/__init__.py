"""Running programs: one protocol, two ways (processes, Docker containers)."""
