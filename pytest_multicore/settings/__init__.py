"""The user's settings: marker, then command line, then ini file, then default. Wrong values are refused early."""
