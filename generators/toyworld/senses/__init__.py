"""Read objects, motion and sounds from clips."""
