"""Real servers for tests, each on a free loopback port with data of its own; they can be killed."""
