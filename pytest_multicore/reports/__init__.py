"""Results told: to a terminal, to a file, to whoever asks what this machine can give."""
