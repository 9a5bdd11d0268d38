"""How far the estimates may be from the truth: covariance, ranks, sequences, plans."""
