"""Where weights come from: released checkpoints, or random numbers for a trial."""
