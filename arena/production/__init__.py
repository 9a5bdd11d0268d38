"""Earlier address of `arena.runs`, kept for scripts that import its models."""
