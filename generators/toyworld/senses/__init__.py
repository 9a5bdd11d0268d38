"""Reads objects, motion and sounds from clips."""
