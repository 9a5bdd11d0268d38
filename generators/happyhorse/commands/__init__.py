"""One module for each subcommand, with its name; its first line is the help."""
