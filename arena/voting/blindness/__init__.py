"""Attack a study as a rater with tools would: name contenders from what a browser receives."""
