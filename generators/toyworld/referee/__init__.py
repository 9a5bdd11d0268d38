"""Judge clips of the toy world against their prompts, whichever model made them."""
