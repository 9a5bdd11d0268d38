"""Models of how a vote comes out, their maximum likelihood, and whether the votes identify it."""
