"""Low-rank adaptation (LoRA) of HappyHorse: read, apply, merge, train."""
