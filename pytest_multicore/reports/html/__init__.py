"""The HTML report: one file that needs no scripts, made from the JSON report's data."""
