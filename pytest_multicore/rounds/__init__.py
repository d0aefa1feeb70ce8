"""Rounds as plain data, and the thresholds by which they are judged. Imports nothing of ours."""
