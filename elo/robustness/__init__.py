"""What the ratings rest on: how few votes carry a rank, what each rater moves, whether one scale fits."""
