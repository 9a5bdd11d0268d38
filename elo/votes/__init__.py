"""Votes as integer-coded columns, where they are read from, and the counts that everything else runs on."""
