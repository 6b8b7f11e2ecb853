"""`python -m benchmarks` (or `make bench`): this package beside what others would write, in one run, on one machine."""
