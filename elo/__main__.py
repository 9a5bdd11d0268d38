from elo.command import main

main()
