"""Stand for packages that set something of OpenMP's when they are imported."""
