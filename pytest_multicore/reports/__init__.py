"""Reports of results: on the terminal, in failures, as JSON, for GitHub, for pytest-benchmark, and the doctor's."""
