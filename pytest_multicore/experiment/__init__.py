"""One measurement from beginning to end: open the sides, take rounds, decide, explain."""
