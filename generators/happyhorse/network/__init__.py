"""The transformer, its sizes and kinds, and what it costs in FLOPs and memory."""
