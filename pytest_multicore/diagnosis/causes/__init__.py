"""The table of causes, one file for each place where a cause may lie. Pure: evidence in, suspicions out."""
