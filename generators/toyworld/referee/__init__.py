"""Judges clips of the toy world against their prompts; knows no model."""
