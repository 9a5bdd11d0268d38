"""Weights and their origin: the package, a public release, or random numbers for a trial."""
