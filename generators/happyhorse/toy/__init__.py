"""The small model of the toy world, whose weights are shipped: its words, its codecs, itself."""
