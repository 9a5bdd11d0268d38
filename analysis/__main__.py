"""`python -m analysis`."""

from analysis.command import main

main()
