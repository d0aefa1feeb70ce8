"""One live isolated interpreter: spawned, spoken to, and ended with all that it started."""
