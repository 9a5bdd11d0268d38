"""Hosted systems as generators: one module per provider, one dated data file with the rows of its models."""
