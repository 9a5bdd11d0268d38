"""Systems that make clips. Knows no Django; see `base` for the contract and `registry` for who is there."""
