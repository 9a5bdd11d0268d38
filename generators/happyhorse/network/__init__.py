"""The transformer, its facts, sizes, kinds and limits, and its cost in FLOPs and memory."""
