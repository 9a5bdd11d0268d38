"""`python -m elo`."""

from elo.command import main

main()
