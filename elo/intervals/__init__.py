"""Uncertainty of the estimates: covariance, resamples, joint limits and ranks."""
