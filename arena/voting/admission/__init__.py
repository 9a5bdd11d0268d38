"""Who may vote in a study: everybody, people with an invitation, or members of a panel."""
