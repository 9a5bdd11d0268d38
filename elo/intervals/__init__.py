"""How far the estimates may be from the truth: covariance, resamples, joint limits and ranks."""
