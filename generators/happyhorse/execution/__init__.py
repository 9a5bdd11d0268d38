"""Ways to run a network on the hardware at hand, each with the results of the plain one."""
