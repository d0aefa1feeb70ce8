"""Results over time: a file that they are appended to, what changed between two, and where a series changed."""
