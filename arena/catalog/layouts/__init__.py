"""Public prompt benchmarks: one module for each layout of files, and a suite file made of any of them."""
