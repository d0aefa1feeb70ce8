"""Numbers, no opinions: counters, the machine's grant, rounds."""
