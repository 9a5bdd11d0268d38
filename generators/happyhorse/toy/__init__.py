"""The toy model of the toy world: the network, its words, its codecs, and its weights in the package."""
