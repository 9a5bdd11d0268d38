"""The toy model of the toy world, whose weights are shipped: its words, its codecs, itself."""
