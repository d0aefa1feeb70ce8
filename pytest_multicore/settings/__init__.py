"""What the user wishes: marker, then command line, then ini file, then default. Wrong values are refused early."""
