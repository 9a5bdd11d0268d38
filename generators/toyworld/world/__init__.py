"""Draw, move and sound the scenes that the grammar describes."""
