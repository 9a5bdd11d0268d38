"""Control pairs, whose answer is known or can be compared: gold, identical and repeated pairs."""
