"""Rounds as plain data, and every threshold by which they are taken and judged. Imports nothing else of ours."""
