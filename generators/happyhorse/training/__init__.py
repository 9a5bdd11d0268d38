"""Trains the small configuration on the toy world: data, codecs' fits, and the referee's objective checks."""
