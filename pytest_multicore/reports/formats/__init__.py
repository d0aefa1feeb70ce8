"""What other tools read: a module for each format, a pure function of the JSON report each."""
