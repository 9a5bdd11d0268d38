"""Systems that make clips: `base` has their contract, `registry` their names. Knows no Django."""
