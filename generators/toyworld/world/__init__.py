"""Draws, moves and sounds the scenes that the grammar describes."""
